-- Points lie in the order of step, time and value, once. A step is a whole number and millionths of one, so it may be decimal and yet is
-- exact for every step that a client can send.
alter table metric_point rename to metric_point_before;
create table metric_point (
    workspace_id bigint not null,
    series_key bigint not null,
    step bigint not null,
    part bigint not null default 0,
    at bigint not null,
    value double precision not null,
    is_nan bigint not null,
    primary key (workspace_id, series_key, step, part, at, value, is_nan)
) {{clustered}};
insert into metric_point (workspace_id, series_key, step, part, at, value, is_nan) select workspace_id, series_key, step, 0, at, value, is_nan from metric_point_before;
drop table metric_point_before;
alter table series add column last_part bigint not null default 0;
alter table series add column first_part bigint not null default 0;
alter table series add column min_part bigint;
alter table series add column max_part bigint;
-- How many of the first points stand in blocks, and the key of the last one that does.
alter table series add column rolled bigint not null default 0;
alter table series add column rolled_step bigint not null default 0;
alter table series add column rolled_part bigint not null default 0;
alter table series add column rolled_at bigint not null default 0;
update series set min_part = 0 where min_step is not null;
update series set max_part = 0 where max_step is not null;
-- What a chart reads of a long series: its points in blocks of 64 and of 1,024, in their order.
create table metric_block (
    workspace_id bigint not null,
    series_key bigint not null,
    size bigint not null,
    n bigint not null,
    first_step bigint not null,
    first_part bigint not null,
    last_step bigint not null,
    last_part bigint not null,
    last_at bigint not null,
    last_value double precision not null,
    last_is_nan bigint not null,
    min_at bigint not null,
    max_at bigint not null,
    min_value double precision,
    max_value double precision,
    sum_value double precision,
    numbers bigint not null,
    primary key (workspace_id, series_key, size, n)
) {{clustered}};
-- Histograms, texts, images and other things that a run logged at a step; small ones here, the others as files among its artifacts.
create table run_media (
    media_key {{identity}},
    workspace_id bigint not null,
    run_key bigint not null,
    key text not null,
    kind text not null,
    step bigint not null,
    part bigint not null,
    at bigint not null,
    digest text not null,
    content text,
    path text,
    media_type text not null,
    size bigint not null,
    caption text
);
create unique index run_media_content on run_media (workspace_id, run_key, key, step, part, at, kind, digest);
