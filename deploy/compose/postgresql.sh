#!/bin/sh
# The desk's own role and database, made once by the image of PostgreSQL. The role is no superuser: the ledger takes
# from it the right to change or delete an event.
set -eu
password=$(cat /run/secrets/postgresql)
psql --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --set=password="$password" <<'SQL'
CREATE ROLE huiying LOGIN PASSWORD :'password';
CREATE DATABASE huiying OWNER huiying;
REVOKE ALL ON DATABASE huiying FROM PUBLIC;
SQL
