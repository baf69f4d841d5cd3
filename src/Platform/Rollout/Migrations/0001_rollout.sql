create table rollout_spec (
    workspace_id bigint not null,
    endpoint text not null,
    spec text not null,
    managed_by text,
    updated_at bigint not null,
    primary key (workspace_id, endpoint)
);
create table rollout (
    workspace_id bigint not null,
    id text not null,
    endpoint text not null,
    idempotency_key text not null,
    status text not null,
    started_at bigint not null,
    revision bigint not null,
    state text not null,
    primary key (workspace_id, id),
    unique (workspace_id, idempotency_key)
);
create index rollout_endpoint on rollout (workspace_id, endpoint, status);
