"""What a server tells of itself, and how it is configured: version, systemStatus, stats, configuration, plugins."""

from typing import Any
from urllib.parse import urlsplit

from stash_sense.fakes.graphql.engine import ResolverError
from stash_sense.fakes.stash.fields import Arguments, Context, mutation, of, query
from stash_sense.fakes.stash.rows import Row

GENERAL: Row = {
    "stashes": [{"path": "/library", "excludeVideo": False, "excludeImage": False}],
    "databasePath": "/stash/stash.sqlite",
    "generatedPath": "/stash/generated",
    "configFilePath": "/stash/config.yml",
    "pluginsPath": "/stash/plugins",
    "videoFileNamingAlgorithm": "OSHASH",
    "parallelTasks": 1,
    "apiKey": "",
    "username": "",
    "maxSessionAge": 3600,
    "stashBoxes": [],
    "pythonPath": "",
    "pluginPackageSources": [],
    "useCustomSpriteInterval": False,
    "spriteInterval": 30.0,
    "minimumSprites": 10,
    "maximumSprites": 500,
    "spriteScreenshotSize": 160,
}
"""Of a server that was just set up."""


@query("version", always=True)
def version(context: Context, _arguments: Arguments) -> Row:
    """Which Stash it is."""
    return {
        "version": context.server.profile.version,
        "hash": "cf3489ef",
        "build_time": "2026-01-11 00:00:00",
    }


@query("systemStatus", always=True)
def system_status(context: Context, _arguments: Arguments) -> Row:
    """Whether it is ready, and where it keeps what it has."""
    server, general = context.server, context.state.configuration.general
    schema, status = server.profile.database, context.status
    known = {"SETUP": 0, "NEEDS_MIGRATION": schema - 1}.get(status, schema)
    return {
        "databaseSchema": known,
        "appSchema": schema,
        "status": status,
        "databasePath": "" if status == "SETUP" else general["databasePath"],
        "configPath": "" if status == "SETUP" else general["configFilePath"],
        "os": "linux",
        "workingDir": "/stash",
        "homeDir": "/home/stash",
        "ffmpegPath": "/usr/bin/ffmpeg",
        "ffprobePath": "/usr/bin/ffprobe",
    }


@query("stats")
def stats(context: Context, _arguments: Arguments) -> Row:
    """How much there is."""
    tables = context.state.tables
    files = tables["files"]

    def total(table: str, column: str) -> float:
        return sum(float(files[one][column]) for row in tables[table].values() for one in row["files"])

    scenes = tables["scenes"].values()
    counts = {
        f"{name}_count": len(tables[table])
        for name, table in (
            ("scene", "scenes"),
            ("image", "images"),
            ("gallery", "galleries"),
            ("performer", "performers"),
            ("studio", "studios"),
            ("tag", "tags"),
        )
    }
    return {
        **counts,
        "group_count": 0,
        "scenes_size": total("scenes", "size"),
        "scenes_duration": total("scenes", "duration"),
        "images_size": total("images", "size"),
        "total_o_count": sum(row["o_counter"] for table in ("scenes", "images") for row in tables[table].values()),
        "total_play_duration": sum(row["play_duration"] for row in scenes),
        "total_play_count": sum(row["play_count"] for row in scenes),
        "scenes_played": sum(row["play_count"] > 0 for row in scenes),
    }


@query("configuration", always=True)
def configuration(context: Context, _arguments: Arguments) -> Row:
    """How it is configured."""
    told = context.state.configuration
    return {"general": dict(told.general), "plugins": told.plugins, "ui": told.ui}


@of("ConfigResult.plugins")
def plugin_settings(row: Row, _context: Context, arguments: Arguments) -> Any:
    """Settings by plugin, of those that are asked for; one without settings is absent."""
    wanted = arguments.get("include")
    return {name: told for name, told in row["plugins"].items() if wanted is None or name in wanted}


@query("plugins")
def plugins(context: Context, _arguments: Arguments) -> list[Row] | None:
    """What is installed; nothing is null."""
    return list(context.server.plugins.values()) or None


@mutation("configurePlugin", writes=False)
def configure_plugin(context: Context, arguments: Arguments) -> Row:
    """Replace the settings of a plugin, of one that is not installed too."""
    context.state.configuration.plugins[arguments["plugin_id"]] = dict(arguments["input"])
    return dict(arguments["input"])


@mutation("setPluginsEnabled", writes=False)
def enable_plugins(context: Context, arguments: Arguments) -> bool:
    """Switch plugins on or off; those that are not installed are passed over."""
    for name, enabled in arguments["enabledMap"].items():
        if name in context.server.plugins:
            context.server.plugins[name] = {**context.server.plugins[name], "enabled": bool(enabled)}
    return True


@mutation("reloadPlugins", writes=False)
def reload_plugins(_context: Context, _arguments: Arguments) -> bool:
    """Look for plugins again; those that are installed stay."""
    return True


@mutation("configureGeneral", writes=False)
def configure_general(context: Context, arguments: Arguments) -> Row:
    """Change what is told, all or nothing."""
    told, configuration = dict(arguments["input"]), context.state.configuration
    password = told.pop("password", None)
    if told.get("stashBoxes") is not None:
        told["stashBoxes"] = [_stash_box(box) for box in told["stashBoxes"]]
    for name in ("stashes", "pluginPackageSources"):
        if told.get(name) is not None:
            blank = {"name": None, "local_path": None} if name == "pluginPackageSources" else {}
            told[name] = [{**blank, **one} for one in told[name]]
    if password is not None:
        configuration.password = password
    configuration.general.update({name: value for name, value in told.items() if value is not None})
    return dict(configuration.general)


@mutation("generateAPIKey", writes=False)
def generate_key(context: Context, arguments: Arguments) -> str:
    """Make a new key; there is none without a user."""
    general = context.state.configuration.general
    clear = arguments["input"].get("clear") or not general["username"]
    general["apiKey"] = "" if clear else context.server.new_key()
    return str(general["apiKey"])


def _stash_box(box: Row) -> Row:
    address = urlsplit(box["endpoint"])
    if not address.path.endswith("/graphql") or address.scheme not in ("http", "https"):
        raise ResolverError("Stash-box: endpoint is invalid")
    if not box["api_key"]:
        raise ResolverError("Stash-box: API Key cannot be blank")
    limit = box.get("max_requests_per_minute") or 0
    # Stash's own default is not stored, and so reads back as 0
    return {**box, "max_requests_per_minute": 0 if limit == 240 else limit}
