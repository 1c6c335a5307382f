-- Runs before the new code.
-- depends:

CREATE TABLE workspaces (
    id text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO workspaces (id) VALUES ('default');

CREATE TABLE speakers (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX speakers_by_workspace ON speakers (workspace, created_at DESC, id DESC);
CREATE UNIQUE INDEX speakers_by_name ON speakers (workspace, lower(name)); -- one name, one speaker

CREATE TABLE samples (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces,
    speaker_id uuid NOT NULL REFERENCES speakers ON DELETE CASCADE,
    filename text,
    upload_key text NOT NULL,
    size_bytes bigint NOT NULL,
    consent text,
    consented_at timestamptz,
    speech_seconds double precision,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX samples_by_speaker ON samples (speaker_id);

CREATE TABLE voiceprints (
    sample_id uuid NOT NULL REFERENCES samples ON DELETE CASCADE,
    speaker_id uuid NOT NULL REFERENCES speakers ON DELETE CASCADE,
    workspace text NOT NULL REFERENCES workspaces,
    model text NOT NULL,
    revision text NOT NULL,
    vector real[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sample_id, model, revision)
);
CREATE INDEX voiceprints_by_gallery ON voiceprints (workspace, model, revision);

CREATE TABLE meetings (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces,
    title text,
    filename text,
    upload_key text NOT NULL,
    size_bytes bigint NOT NULL,
    current_run_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE INDEX meetings_by_workspace ON meetings (workspace, created_at DESC, id DESC) WHERE deleted_at IS NULL;

-- One passage through the line, of a meeting or of a sample.
CREATE TABLE runs (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces,
    meeting_id uuid REFERENCES meetings ON DELETE CASCADE,
    sample_id uuid REFERENCES samples ON DELETE CASCADE,
    folder text NOT NULL,
    status text NOT NULL DEFAULT 'accepted'
        CHECK (status IN ('accepted', 'processing', 'completed', 'failed', 'cancelled')),
    error_code text,
    error_message text,
    error_stage text,
    version integer NOT NULL DEFAULT 0, -- grows with every fact, so that no old answer can be taken for a new one
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    swept_at timestamptz, -- when objects that no outcome names were removed
    CHECK ((meeting_id IS NULL) <> (sample_id IS NULL))
);
CREATE INDEX runs_of_meetings ON runs (meeting_id);
CREATE INDEX runs_of_samples ON runs (sample_id);
CREATE INDEX runs_in_progress ON runs (created_at) WHERE ended_at IS NULL;
CREATE INDEX runs_to_sweep ON runs (ended_at) WHERE ended_at IS NOT NULL AND swept_at IS NULL;
ALTER TABLE meetings ADD FOREIGN KEY (current_run_id) REFERENCES runs ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;

-- Events that became rows. A unit (run, stage, part) publishes `siblings` events; `position` counts them.
CREATE TABLE facts (
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    stage text NOT NULL,
    part text NOT NULL,
    position integer NOT NULL,
    siblings integer NOT NULL,
    stream text NOT NULL,
    event jsonb NOT NULL,
    report jsonb NOT NULL,
    entry_id text, -- where it was last read in its stream; NULL until then
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, stage, part, position)
);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    stream text NOT NULL,
    event jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
CREATE INDEX outbox_unsent ON outbox (id) WHERE sent_at IS NULL;
CREATE INDEX outbox_by_run ON outbox (run_id);

-- Who is whom in a run: needed to erase a speaker's embeddings.
CREATE TABLE labels (
    run_id uuid NOT NULL REFERENCES runs ON DELETE CASCADE,
    label text NOT NULL,
    speaker_id uuid, -- no reference: the name stays in the record when the voice is erased
    embedding_key text,
    PRIMARY KEY (run_id, label)
);
CREATE INDEX labels_by_speaker ON labels (speaker_id) WHERE speaker_id IS NOT NULL;

CREATE TABLE gallery_jobs (
    workspace text NOT NULL REFERENCES workspaces,
    model text NOT NULL,
    revision text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace, model, revision)
);

-- Objects that have to go; kept until `until`, so that a late write leaves nothing behind.
CREATE TABLE erasures (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces,
    meeting_id uuid,
    speaker_id uuid,
    prefixes text[] NOT NULL,
    keys text[] NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    erased_at timestamptz,
    until timestamptz NOT NULL
);
CREATE INDEX erasures_due ON erasures (until);

-- What is being received and has not been accepted yet: if the gateway dies meanwhile, the rest is swept from here.
CREATE TABLE uploads (
    prefix text PRIMARY KEY,
    started_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX uploads_by_start ON uploads (started_at);

CREATE TABLE idempotency_keys (
    workspace text NOT NULL REFERENCES workspaces,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace, route, key)
);
