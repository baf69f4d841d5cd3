create table rollout_history (
    workspace_id bigint not null,
    rollout_id text not null,
    history text not null,
    primary key (workspace_id, rollout_id)
);
create table ab_test (
    workspace_id bigint not null,
    id text not null,
    endpoint text not null,
    status text not null,
    started_at bigint not null,
    revision bigint not null,
    state text not null,
    primary key (workspace_id, id)
);
create index ab_test_endpoint on ab_test (workspace_id, endpoint, status);
create table ab_spec (
    workspace_id bigint not null,
    endpoint text not null,
    spec text not null,
    managed_by text,
    updated_at bigint not null,
    primary key (workspace_id, endpoint)
);
