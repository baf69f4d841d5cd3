create table logged_model (
    model_key {{identity}},
    workspace_id bigint not null,
    model_id text not null,
    experiment_id bigint not null,
    name text not null,
    model_type text,
    source_run_id text,
    status text not null,
    artifact_uri text not null,
    stage text not null,
    created_at bigint not null,
    updated_at bigint not null
);
create unique index logged_model_public on logged_model (workspace_id, model_id);
create index logged_model_newest on logged_model (workspace_id, experiment_id, stage, created_at);
create table logged_model_param (
    workspace_id bigint not null,
    model_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, model_key, key)
);
create table logged_model_tag (
    workspace_id bigint not null,
    model_key bigint not null,
    key text not null,
    value text not null,
    primary key (workspace_id, model_key, key)
);
-- What a run measured of a model, beside the run's own point. An unnamed dataset is the empty text, so that it can be part of the key.
create table logged_model_metric (
    workspace_id bigint not null,
    model_key bigint not null,
    name text not null,
    run_key bigint not null,
    step bigint not null,
    at bigint not null,
    value double precision not null,
    is_nan bigint not null,
    dataset_name text not null,
    dataset_digest text not null,
    primary key (workspace_id, model_key, name, run_key, step, at, value, is_nan, dataset_name, dataset_digest)
);
create table run_model (
    workspace_id bigint not null,
    run_key bigint not null,
    direction text not null,
    model_id text not null,
    step bigint not null,
    primary key (workspace_id, run_key, direction, model_id, step)
);
