#!/usr/bin/perl
# Runs the installed sqitch again and again without loading it each time.
#
# Each line of standard input is a JSON object {"cwd", "env", "args", "stdin", "stdout", "stderr"};
# the last three are files. A child does what /usr/bin/sqitch would; its exit code is the answer.

use strict;
use warnings;
use utf8;

use App::Sqitch;
use App::Sqitch::DateTime;
use App::Sqitch::Engine::pg;
use App::Sqitch::Target;
use DBD::Pg;
use File::Temp;
use JSON::PP;
use Pod::Find;
use Pod::Usage;
use POSIX qw(setlocale LC_ALL);
use String::ShellQuote;
use Template;
use URI::db;
use URI::pg;

App::Sqitch::Command->class_for('App::Sqitch', $_) for qw(
    add bundle check checkout config deploy engine init log plan rebase revert rework show status
    tag target upgrade verify
);

my $json = JSON::PP->new->utf8;
$| = 1;
$0 = '/usr/bin/sqitch';

while (defined(my $line = <STDIN>)) {
    my $call = $json->decode($line);
    my $child = fork // die "cannot fork: $!";
    if (!$child) {
        chdir $call->{cwd} or die "$call->{cwd}: $!";
        my %env = %{ $call->{env} };
        utf8::encode($_) for values %env;
        %ENV = (%env, ANSI_COLORS_DISABLED => 1);  # what it sets when loaded without a terminal
        @ARGV = @{ $call->{args} };
        setlocale LC_ALL, '';
        open STDIN,  '<', $call->{stdin} or die $!;
        open STDOUT, '>', $call->{stdout} or die $!;
        open STDERR, '>', $call->{stderr} or die $!;
        binmode $_, ':utf8' for *STDIN, *STDOUT, *STDERR;
        my $code = eval { App::Sqitch->go };
        exit $code if defined $code;
        print STDERR $@;
        exit 255;
    }
    waitpid $child, 0;
    print $? >> 8, "\n";
}
