create table serving_endpoint (
    id {{identity}},
    workspace_id bigint not null,
    name text not null,
    spec text not null,
    plan_revision bigint not null,
    override text,
    override_revision bigint not null,
    managed_by text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (workspace_id, name)
);
-- Every revision of a plan is kept: a rollback puts an earlier one in force again.
create table serving_plan (
    workspace_id bigint not null,
    endpoint_id bigint not null,
    revision bigint not null,
    plan text not null,
    actor text not null,
    at bigint not null,
    primary key (workspace_id, endpoint_id, revision)
);
