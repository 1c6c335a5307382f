"""A replay takes the place of what its meeting shows, once it is completed."""

from uuid import UUID

from services.gateway.database import Connection, Database, load_queries

_SQL = load_queries("replays")


async def lock_place(connection: Connection, run_id: UUID) -> None:
    """Let nobody change what the meeting shows before the transaction ends, if the run may take that place.

    It comes before any lock on a run: whoever deletes the meeting locks in this order too.
    """
    await connection.execute(_SQL["lock_place"], run_id)


async def take_place(connection: Connection, run_id: UUID) -> None:
    """Show the run from now on, if that was wanted; it is completed, and its place is locked."""
    await connection.execute(_SQL["take_place"], run_id)


async def take_places(database: Database) -> None:
    """For runs that were completed by a gateway of a release that knows no places."""
    for row in await database.fetch(_SQL["places_not_taken"]):
        async with database.transaction() as connection:
            await lock_place(connection, row["id"])
            await take_place(connection, row["id"])
