"""The demo: agents in processes of their own work through a project, and one is killed."""
