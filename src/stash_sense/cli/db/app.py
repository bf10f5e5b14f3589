"""`stash-sense db`, put together."""

import typer

from stash_sense.cli.db import building, forgetting, keys, releasing, versions

app = typer.Typer(help="The performers database: who can be recognised.", no_args_is_help=True, add_completion=False)
app.command("build")(building.build)
app.command("versions")(versions.list_versions)
app.command("info")(versions.info)
app.command("list")(versions.list_performers)
app.command("verify")(versions.verify)
app.command("update")(releasing.update)
app.command("rollback")(versions.rollback)
app.command("forget")(forgetting.forget)
app.command("unforget")(forgetting.unforget)
app.command("import")(releasing.import_database)
app.command("export")(releasing.export_database)
app.command("release")(releasing.release)
app.add_typer(keys.app, name="key")
