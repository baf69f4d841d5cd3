create table response_policy (
    workspace_id bigint not null,
    name text not null,
    position bigint not null,
    spec text not null,
    managed_by text not null,
    updated_at bigint not null,
    primary key (workspace_id, managed_by, name)
);
create table response_action (
    workspace_id bigint not null,
    incident_id text not null,
    phase text not null,
    position bigint not null,
    endpoint text not null,
    policy text not null,
    action text not null,
    arguments text not null,
    status text not null,
    note text,
    state text not null,
    started_at bigint,
    ended_at bigint,
    primary key (workspace_id, incident_id, phase, position)
);
create index response_action_status on response_action (status, workspace_id, endpoint);
create table retrain_block (
    workspace_id bigint not null,
    endpoint text not null,
    incident_id text not null,
    created_at bigint not null,
    released_at bigint,
    primary key (workspace_id, endpoint, incident_id)
);
