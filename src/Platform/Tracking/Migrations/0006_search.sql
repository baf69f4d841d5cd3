-- Parameters and tags lie in the order of their key, and are found by name, too: a search reads one name of many runs.
alter table run_param rename to run_param_before;
create table run_param (
    workspace_id bigint not null,
    run_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, run_key, key)
) {{clustered}};
insert into run_param (workspace_id, run_key, key, value) select workspace_id, run_key, key, value from run_param_before;
drop table run_param_before;
create index run_param_name on run_param (workspace_id, key, run_key);
alter table run_tag rename to run_tag_before;
create table run_tag (
    workspace_id bigint not null,
    run_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, run_key, key)
) {{clustered}};
insert into run_tag (workspace_id, run_key, key, value) select workspace_id, run_key, key, value from run_tag_before;
drop table run_tag_before;
create index run_tag_name on run_tag (workspace_id, key, run_key);
create index series_by_name on series (workspace_id, name, run_key);
-- The first point of a series, beside the last, least and greatest.
alter table series add column first_value double precision not null default 0;
alter table series add column first_is_nan bigint not null default 0;
alter table series add column first_at bigint not null default 0;
alter table series add column first_step bigint not null default 0;
update series set
    first_value = coalesce((select p.value from metric_point p where p.workspace_id = series.workspace_id and p.series_key = series.series_key order by p.step, p.at, p.value limit 1), 0),
    first_is_nan = coalesce((select p.is_nan from metric_point p where p.workspace_id = series.workspace_id and p.series_key = series.series_key order by p.step, p.at, p.value limit 1), 0),
    first_at = coalesce((select p.at from metric_point p where p.workspace_id = series.workspace_id and p.series_key = series.series_key order by p.step, p.at, p.value limit 1), 0),
    first_step = coalesce((select p.step from metric_point p where p.workspace_id = series.workspace_id and p.series_key = series.series_key order by p.step, p.at, p.value limit 1), 0);
