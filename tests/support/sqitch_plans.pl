#!/usr/bin/perl
# What the installed App::Sqitch makes of many plans, in one process.
#
# Standard input holds records: a line of JSON {"length": N, "tasks": [...]}, then N bytes of a
# plan. For each record a line of JSON comes out: project, uri, lines and changes, or error.
# A task is a change of the plan or a question about it, and has its answer in "answers":
#   {"do": "find", "key": K}                      position of the change that K names
#   {"do": "add"|"rework", "name": N, "requires": [], "conflicts": [], "note": T}
#   {"do": "tag", "name": N, "change": K, "note": T}
#   {"do": "part", "from": K, "to": K}            the lines of a part of the plan
# Each task but "find" works on a fresh copy of the plan.

use strict;
use warnings;
use utf8;

use App::Sqitch;
use App::Sqitch::Config;
use App::Sqitch::DateTime;
use App::Sqitch::Plan;
use App::Sqitch::Target;
use File::Temp;
use JSON::PP;
use Path::Class qw(file);
use URI;

my $json = JSON::PP->new->utf8->canonical;
my $sqitch = App::Sqitch->new(options => {}, config => App::Sqitch::Config->new);
my $target = App::Sqitch::Target->new(sqitch => $sqitch, uri => URI->new('db:pg:'));
my $scratch = File::Temp->new;

binmode STDIN;
binmode STDOUT;
open STDERR, '>', '/dev/null' or die $!;    # ambiguous names are listed there

while (defined(my $head = <STDIN>)) {
    my $record = $json->decode($head);
    my $bytes = '';
    read STDIN, $bytes, $record->{length};
    my $plan;
    my $found = attempt(sub { describe($plan = plan_of($bytes)) });
    if (!exists $found->{error}) {
        $found->{answers} = [map { answer($plan, $bytes, $_) } @{ $record->{tasks} }];
    }
    print $json->encode($found), "\n";
}

sub plan_of {
    my $bytes = shift;
    my $plan = App::Sqitch::Plan->new(
        sqitch => $sqitch,
        target => $target,
        file   => file('FILE'),
    );
    $plan->parse($bytes);
    $plan->changes;
    return $plan;
}

sub attempt {
    my $code = shift;
    my $found = eval { $code->() };
    return $found if defined $found;
    my $error = $@;
    my $text = eval { $error->isa('App::Sqitch::X') } ? $error->message : "$error";
    return { error => $text };
}

sub describe {
    my $plan = shift;
    return {
        project => $plan->project,
        uri     => defined $plan->uri ? $plan->uri->as_string : undef,
        lines   => [map { $_->as_string } $plan->lines],
        changes => [map { describe_change($_) } $plan->changes],
    };
}

sub describe_change {
    my $change = shift;
    return {
        name          => $change->name,
        id            => $change->id,
        op            => $change->operator,
        note          => $change->note,
        date          => $change->timestamp->as_string,
        planner_name  => $change->planner_name,
        planner_email => $change->planner_email,
        requires      => [map { $_->as_string } $change->requires],
        conflicts     => [map { $_->as_string } $change->conflicts],
        tags          => [map { { id => $_->id, name => $_->format_name, note => $_->note } }
                          $change->tags],
        rework_tags   => [map { $_->format_name } $change->rework_tags],
        deploy_file   => join('/', $change->path_segments),
    };
}

sub answer {
    my ($plan, $bytes, $task) = @_;
    my $do = $task->{do};
    if ($do eq 'find') {
        return attempt(sub { { position => $plan->index_of($task->{key}) } });
    }
    if ($do eq 'part') {
        return attempt(sub {
            my $copy = plan_of($bytes);
            $copy->write_to(file($scratch->filename), $task->{from}, $task->{to});
            return { lines => [file($scratch->filename)->slurp(iomode => '<:utf8', chomp => 1)] };
        });
    }
    return attempt(sub {
        my $copy = plan_of($bytes);
        my %given = map { $_ => $task->{$_} }
            grep { exists $task->{$_} } qw(name change requires conflicts note);
        my $line = $copy->$do(
            %given,
            timestamp => App::Sqitch::DateTime->new(
                year => 2020, month => 1, day => 2, hour => 3, minute => 4, second => 5,
                time_zone => 'UTC',
            ),
            planner_name  => 'Grace Hopper',
            planner_email => 'grace@example.com',
        );
        return { lines => [map { $_->as_string } $copy->lines] };
    });
}
