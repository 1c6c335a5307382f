-- Runs before the new code.
-- depends: 0005.references

-- Who may ask for what is in a workspace. Of a key only its SHA-256 and its beginning are kept.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    workspace text NOT NULL REFERENCES workspaces,
    name text NOT NULL,
    prefix text NOT NULL,
    digest bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
