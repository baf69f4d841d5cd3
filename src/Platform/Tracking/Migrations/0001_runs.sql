create table experiment_counter (
    workspace_id bigint not null primary key,
    next_id bigint not null
);
create table experiment (
    workspace_id bigint not null,
    id bigint not null,
    name text not null,
    artifact_location text not null,
    stage text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (workspace_id, id)
);
create unique index experiment_name on experiment (workspace_id, name);
create table experiment_tag (
    workspace_id bigint not null,
    experiment_id bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, experiment_id, key)
);
create table run (
    run_key {{identity}},
    workspace_id bigint not null,
    run_id text not null,
    experiment_id bigint not null,
    name text not null,
    user_name text not null,
    status text not null,
    started_at bigint,
    ended_at bigint,
    artifact_uri text not null,
    stage text not null,
    deleted_at bigint,
    created_at bigint not null
);
create unique index run_public on run (workspace_id, run_id);
create index run_newest on run (workspace_id, experiment_id, stage, started_at);
create table run_param (
    workspace_id bigint not null,
    run_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, run_key, key)
);
create table run_tag (
    workspace_id bigint not null,
    run_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, run_key, key)
);
-- One row a metric of a run: what search, tables and charts ask first. A NaN is stored as 0 with its flag set.
create table series (
    series_key {{identity}},
    workspace_id bigint not null,
    run_key bigint not null,
    name text not null,
    last_value double precision not null,
    last_is_nan bigint not null,
    last_at bigint not null,
    last_step bigint not null,
    min_value double precision,
    min_step bigint,
    max_value double precision,
    max_step bigint,
    points bigint not null
);
create unique index series_name on series (workspace_id, run_key, name);
-- The tail: points as they arrive. The key is MLflow's identity of a point, so an exact duplicate is one point.
create table metric_point (
    workspace_id bigint not null,
    series_key bigint not null,
    step bigint not null,
    at bigint not null,
    value double precision not null,
    is_nan bigint not null,
    primary key (workspace_id, series_key, step, at, value, is_nan)
);
create table input_dataset (
    dataset_key {{identity}},
    workspace_id bigint not null,
    experiment_id bigint not null,
    name text not null,
    digest text not null,
    source_type text not null,
    source text not null,
    columns_text text,
    profile text
);
create unique index input_dataset_content on input_dataset (workspace_id, experiment_id, name, digest);
create table run_input (
    workspace_id bigint not null,
    run_key bigint not null,
    dataset_key bigint not null,
    primary key (workspace_id, run_key, dataset_key)
);
create table run_input_tag (
    workspace_id bigint not null,
    run_key bigint not null,
    dataset_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, run_key, dataset_key, key)
);
