"""What the tests share: servers, databases, sessions, pgTAP and the rules of the catalog."""
