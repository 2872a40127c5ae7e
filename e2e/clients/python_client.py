"""Infisical's published client for Python against a running server: what its users call, with every option.

One class is one part; `python python_client.py Secrets` runs it. Addresses and credentials come from the environment.
"""

import os
import unittest
import uuid
from datetime import datetime, timedelta, timezone

import requests
from infisical_sdk import InfisicalSDKClient
from infisical_sdk.infisical_requests import APIError, InfisicalError

URL = os.environ["TEST_URL"]
PROJECT = os.environ["TEST_PROJECT"]
SLUG = os.environ["TEST_PROJECT_SLUG"]
ORGANIZATION = os.environ["TEST_ORGANIZATION"]
USER_TOKEN = os.environ["TEST_USER_TOKEN"]
CLIENT_ID = os.environ["TEST_CLIENT_ID"]
CLIENT_SECRET = os.environ["TEST_CLIENT_SECRET"]


def api(method, path, body=None, token=USER_TOKEN, **query):
    """What the client has no call for."""
    answer = requests.request(
        method,
        URL + path,
        json=body,
        params=query,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=30,
    )
    assert answer.status_code == 200, (method, path, answer.status_code, answer.text)
    return answer.json()


def client(**options):
    """A client that is logged in and asks the server each time."""
    made = InfisicalSDKClient(host=URL, cache_ttl=None, **options)
    made.auth.universal_auth.login(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return made


class Case(unittest.TestCase):
    """Refusals, and a folder of its own for each test."""

    def setUp(self):
        self.sdk = client()
        self.folder = "t" + uuid.uuid4().hex[:12]
        self.path = "/" + self.folder

    def make_folder(self, name=None, path="/", environment="dev"):
        return self.sdk.folders.create_folder(
            name=name or self.folder, environment_slug=environment, project_id=PROJECT, path=path
        )

    def put(self, name, value, environment="dev", path=None, **more):
        return self.sdk.secrets.create_secret_by_name(
            secret_name=name,
            secret_path=path or self.path,
            environment_slug=environment,
            project_id=PROJECT,
            secret_value=value,
            **more,
        )

    def get(self, name, environment="dev", path=None, **more):
        return self.sdk.secrets.get_secret_by_name(
            secret_name=name,
            environment_slug=environment,
            secret_path=path or self.path,
            project_id=PROJECT,
            **more,
        )

    def list(self, environment="dev", path=None, **more):
        return self.sdk.secrets.list_secrets(
            environment_slug=environment, secret_path=path or self.path, project_id=PROJECT, **more
        )

    def refused(self, status, call, *arguments, **options):
        with self.assertRaises(APIError) as caught:
            call(*arguments, **options)
        error = caught.exception
        self.assertEqual(error.status_code, status, error)
        self.assertEqual(error.response["statusCode"], status)
        self.assertRegex(error.response["reqId"], r"^req-[A-Za-z0-9]{14}$")
        self.assertIsInstance(error.response["error"], str)
        return error


def values(secrets):
    return {secret.secretKey: secret.secretValue for secret in secrets}


class Auth(Case):
    """Logins and what becomes of tokens."""

    def test_universal_auth(self):
        sdk = InfisicalSDKClient(host=URL, cache_ttl=None)
        login = sdk.auth.universal_auth.login(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        self.assertEqual(login.tokenType, "Bearer")
        self.assertIs(type(login.expiresIn), int)
        self.assertIs(type(login.accessTokenMaxTTL), int)
        self.assertGreater(login.expiresIn, 0)
        self.assertGreaterEqual(login.accessTokenMaxTTL, login.expiresIn)
        self.assertEqual(len(login.accessToken.split(".")), 3)
        self.assertEqual(sdk.get_token(), login.accessToken)
        self.assertEqual(sdk.secrets.list_secrets("dev", "/", project_id=PROJECT).imports, [])

    def test_a_host_with_a_slash_at_its_end(self):
        sdk = InfisicalSDKClient(host=URL + "/", cache_ttl=None)
        sdk.auth.universal_auth.login(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        sdk.secrets.list_secrets("dev", "/", project_id=PROJECT)

    def test_wrong_credentials(self):
        login = InfisicalSDKClient(host=URL).auth.universal_auth.login
        # A client of its own: wrong secrets lock it for a while.
        other = self.identity("locked-out")
        for client_id, client_secret in [(other[0], "0" * 64), (str(uuid.uuid4()), CLIENT_SECRET)]:
            error = self.refused(401, login, client_id=client_id, client_secret=client_secret)
            self.assertIn("Invalid credentials", str(error))

    def test_token_auth(self):
        """A token that was made beforehand: of a machine, or of a person."""
        identity = api(
            "POST", "/api/v1/identities", {"name": "robot", "organizationId": ORGANIZATION, "role": "no-access"}
        )["identity"]["id"]
        api("POST", f"/api/v1/auth/token-auth/identities/{identity}", {})
        made = api("POST", f"/api/v1/auth/token-auth/identities/{identity}/tokens", {"name": "nightly"})
        self.assertEqual(made["tokenType"], "Bearer")
        sdk = InfisicalSDKClient(host=URL, cache_ttl=None)
        self.assertEqual(sdk.auth.token_auth.login(token=made["accessToken"]), made["accessToken"])
        self.refused(403, sdk.secrets.list_secrets, "dev", "/", project_id=PROJECT)
        api("POST", f"/api/v2/workspace/{PROJECT}/identity-memberships/{identity}", {"role": "viewer"})
        sdk.secrets.list_secrets("dev", "/", project_id=PROJECT)
        error = self.refused(
            403, sdk.secrets.create_secret_by_name, "NOT_FOR_VIEWERS", "/", "dev", PROJECT, "value"
        )
        self.assertEqual(error.response["error"], "PermissionDenied")
        api("POST", f"/api/v1/auth/token-auth/tokens/{made['tokenData']['id']}/revoke", {})
        self.refused(401, sdk.secrets.list_secrets, "dev", "/", project_id=PROJECT)

        person = InfisicalSDKClient(host=URL, token=USER_TOKEN, cache_ttl=None)
        person.secrets.list_secrets("dev", "/", project_id=PROJECT)

    def test_no_token_and_bad_tokens(self):
        sdk = InfisicalSDKClient(host=URL, cache_ttl=None)
        self.refused(401, sdk.secrets.list_secrets, "dev", "/", project_id=PROJECT)
        sdk.set_token("not.a.token")
        self.refused(403, sdk.secrets.list_secrets, "dev", "/", project_id=PROJECT)

    def test_a_revoked_token(self):
        api("POST", "/api/v1/auth/token/revoke", {"accessToken": self.sdk.get_token()}, token=None)
        self.refused(401, self.list, path="/")

    def test_a_renewed_token(self):
        client_id, client_secret = self.identity("renewing", accessTokenTTL=3600, accessTokenMaxTTL=7200)
        login = self.sdk.auth.universal_auth.login(client_id=client_id, client_secret=client_secret)
        self.assertEqual((login.expiresIn, login.accessTokenMaxTTL), (3600, 7200))
        renewed = api("POST", "/api/v1/auth/token/renew", {"accessToken": login.accessToken}, token=None)
        self.sdk.set_token(renewed["accessToken"])
        self.list(path="/")

    def test_a_token_with_two_uses(self):
        client_id, client_secret = self.identity("twice", accessTokenNumUsesLimit=2)
        sdk = InfisicalSDKClient(host=URL, cache_ttl=None)
        sdk.auth.universal_auth.login(client_id=client_id, client_secret=client_secret)
        for _ in range(2):
            sdk.secrets.list_secrets("dev", "/", project_id=PROJECT)
        self.refused(401, sdk.secrets.list_secrets, "dev", "/", project_id=PROJECT)

    def test_a_client_secret_with_one_use(self):
        client_id, _ = self.identity("once")
        identity = self.made["once"]
        made = api(
            "POST", f"/api/v1/auth/universal-auth/identities/{identity}/client-secrets", {"numUsesLimit": 1}
        )
        login = InfisicalSDKClient(host=URL).auth.universal_auth.login
        login(client_id=client_id, client_secret=made["clientSecret"])
        error = self.refused(401, login, client_id=client_id, client_secret=made["clientSecret"])
        self.assertIn("usage limit", str(error))

    made = {}

    def identity(self, name, **settings):
        identity = api(
            "POST", "/api/v1/identities", {"name": name, "organizationId": ORGANIZATION, "role": "no-access"}
        )["identity"]["id"]
        self.made[name] = identity
        at = f"/api/v1/auth/universal-auth/identities/{identity}"
        client_id = api("POST", at, settings)["identityUniversalAuth"]["clientId"]
        client_secret = api("POST", at + "/client-secrets", {})["clientSecret"]
        api("POST", f"/api/v2/workspace/{PROJECT}/identity-memberships/{identity}", {"role": "member"})
        return client_id, client_secret


class Secrets(Case):
    """Secrets, one by one."""

    def setUp(self):
        super().setUp()
        self.make_folder()

    def test_a_life(self):
        made = self.put("DB_URL", "postgres://one", secret_comment="the main one")
        self.assertEqual(
            (made.secretKey, made.secretValue, made.secretComment, made.version, made.type, made.environment),
            ("DB_URL", "postgres://one", "the main one", 1, "shared", "dev"),
        )
        self.assertEqual((made.id, made.workspace, made.secretPath), (made._id, PROJECT, self.path))
        self.assertIs(made.secretValueHidden, False)
        self.assertEqual(self.get("DB_URL").id, made.id)

        changed = self.sdk.secrets.update_secret_by_name(
            current_secret_name="DB_URL",
            secret_path=self.path,
            environment_slug="dev",
            project_id=PROJECT,
            secret_value="postgres://two",
        )
        self.assertEqual((changed.version, changed.secretValue), (2, "postgres://two"))
        self.assertEqual(changed.secretComment, "the main one", "what is not named stays")
        self.assertEqual(self.get("DB_URL", version=1).secretValue, "postgres://one")
        self.assertEqual(self.get("DB_URL", version=2).secretValue, "postgres://two")
        self.refused(404, self.get, "DB_URL", version=3)

        renamed = self.sdk.secrets.update_secret_by_name(
            "DB_URL", self.path, "dev", PROJECT, new_secret_name="DATABASE_URL", secret_comment=""
        )
        self.assertEqual((renamed.secretKey, renamed.secretValue), ("DATABASE_URL", "postgres://two"))
        self.assertEqual((renamed.id, renamed.version), (made.id, 3))
        error = self.refused(404, self.get, "DB_URL")
        self.assertIn("Secret with name 'DB_URL' not found", str(error))

        removed = self.sdk.secrets.delete_secret_by_name("DATABASE_URL", self.path, "dev", PROJECT)
        self.assertEqual((removed.id, removed.secretValue), (made.id, "postgres://two"))
        self.refused(404, self.sdk.secrets.delete_secret_by_name, "DATABASE_URL", self.path, "dev", PROJECT)
        self.assertEqual(self.put("DATABASE_URL", "again").version, 1, "a new secret, a new count")

    def test_twice_the_same_name(self):
        self.put("ONCE", "value")
        error = self.refused(400, self.put, "ONCE", "other")
        self.assertIn("already exist", str(error))
        self.assertEqual(self.get("ONCE").secretValue, "value")
        self.put("TWICE", "value")
        self.refused(
            400,
            self.sdk.secrets.update_secret_by_name,
            "TWICE",
            self.path,
            "dev",
            PROJECT,
            new_secret_name="ONCE",
        )

    def test_values_come_back_as_they_were(self):
        kept = ["", "a\n", "ä–ß 漢字 🔑", "a=b&c#d?e/f%20", "line one\nline two", '{"a": ["b"]}', "$(id) `id` $HOME"]
        for number, value in enumerate(kept):
            self.put(f"KEPT_{number}", value)
        self.assertEqual(
            values(self.list().secrets), {f"KEPT_{number}": value for number, value in enumerate(kept)}
        )
        self.assertEqual(self.put("TRIMMED", "  a\n").secretValue, "a\n")
        self.assertEqual(self.get("TRIMMED").secretValue, "a\n")

    def test_every_option_of_create_and_update(self):
        tags = [
            api("POST", f"/api/v1/projects/{PROJECT}/tags", {"slug": f"{self.folder}-{name}", "color": ""})["tag"]
            for name in ["db", "web"]
        ]
        made = self.put(
            "FULL",
            "value",
            secret_comment="comment",
            skip_multiline_encoding=True,
            secret_reminder_note="rotate me",
            secret_reminder_repeat_days=30,
            secret_metadata=[{"key": "owner", "value": "team-a"}, {"key": "tier", "value": "1"}],
            tags_ids=[tags[0]["id"]],
        )
        for secret in [made, self.get("FULL"), self.list().secrets[0]]:
            self.assertIs(secret.skipMultilineEncoding, True)
            self.assertEqual(secret.secretComment, "comment")
            self.assertEqual([tag["slug"] for tag in secret.tags], [f"{self.folder}-db"])
            self.assertEqual(
                {item["key"]: item["value"] for item in secret.secretMetadata}, {"owner": "team-a", "tier": "1"}
            )
        changed = self.sdk.secrets.update_secret_by_name(
            "FULL",
            self.path,
            "dev",
            PROJECT,
            secret_comment="other",
            secret_reminder_note="",
            secret_reminder_repeat_days=7,
            secret_metadata=[{"key": "owner", "value": "team-b"}],
            tags_ids=[tag["id"] for tag in tags],
        )
        self.assertEqual((changed.secretValue, changed.secretComment), ("value", "other"))
        self.assertIs(changed.skipMultilineEncoding, False, "this client always sends it")
        self.assertEqual([(item["key"], item["value"]) for item in changed.secretMetadata], [("owner", "team-b")])
        self.assertEqual({tag["slug"] for tag in changed.tags}, {tag["slug"] for tag in tags})
        for tag in changed.tags:
            self.assertIsInstance(tag["color"], str)
            self.assertEqual(tag["name"], tag["slug"])

        self.put("PLAIN", "value")
        for slugs, found in [
            ([tags[0]["slug"]], ["FULL"]),
            ([tags[1]["slug"], "no-such-tag"], ["FULL"]),
            (["no-such-tag"], []),
        ]:
            self.assertEqual([secret.secretKey for secret in self.list(tag_filters=slugs).secrets], found)
        error = self.refused(404, self.put, "TAGGED", "value", tags_ids=[str(uuid.uuid4())])
        self.assertIn("ag", str(error))
        self.refused(404, self.get, "TAGGED")

    def test_by_slug_of_the_project(self):
        place = {"environment_slug": "dev", "secret_path": self.path, "project_slug": SLUG}
        secrets = self.sdk.secrets
        secrets.create_secret_by_name("BY_SLUG", secret_value="one", **place)
        self.assertEqual(secrets.get_secret_by_name("BY_SLUG", **place).workspace, PROJECT)
        self.assertEqual(secrets.update_secret_by_name("BY_SLUG", secret_value="two", **place).version, 2)
        self.assertEqual(values(secrets.list_secrets(**place).secrets), {"BY_SLUG": "two"})
        self.assertEqual(secrets.delete_secret_by_name("BY_SLUG", **place).secretValue, "two")

    def test_hidden_values(self):
        self.put("SHOWN", "do not show")
        listed = self.list(view_secret_value=False).secrets[0]
        self.assertEqual((listed.secretValue, listed.secretValueHidden), ("<hidden-by-infisical>", True))
        shown = self.list(view_secret_value=True).secrets[0]
        self.assertEqual((shown.secretValue, shown.secretValueHidden), ("do not show", False))
        one = self.get("SHOWN", view_secret_value=False)
        self.assertEqual((one.secretValue, one.secretValueHidden), ("<hidden-by-infisical>", True))

    def test_names_with_spaces(self):
        self.put("WITH SPACE", "value")
        self.assertEqual(self.get("WITH SPACE").secretKey, "WITH SPACE")

    def test_the_cache_of_the_client(self):
        """With its own defaults the client forgets what it wrote to."""
        sdk = InfisicalSDKClient(host=URL)
        sdk.auth.universal_auth.login(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
        place = {"environment_slug": "dev", "secret_path": self.path, "project_id": PROJECT}
        sdk.secrets.create_secret_by_name("CACHED", secret_value="one", **place)
        self.assertEqual(sdk.secrets.get_secret_by_name("CACHED", **place).secretValue, "one")
        self.assertEqual(values(sdk.secrets.list_secrets(**place).secrets), {"CACHED": "one"})
        sdk.secrets.update_secret_by_name("CACHED", secret_value="two", **place)
        self.assertEqual(sdk.secrets.get_secret_by_name("CACHED", **place).secretValue, "two")
        self.assertEqual(values(sdk.secrets.list_secrets(**place).secrets), {"CACHED": "two"})
        sdk.secrets.delete_secret_by_name("CACHED", **place)
        self.assertEqual(sdk.secrets.list_secrets(**place).secrets, [])
        sdk.close()


class Lists(Case):
    """References, imports, recursion."""

    def setUp(self):
        super().setUp()
        self.make_folder()

    def test_references(self):
        self.make_folder("inner", self.path)
        self.put("HOST", "db.internal")
        self.put("PORT", "5432", path=self.path + "/inner")
        self.put("URL", f"postgres://${{HOST}}:${{dev.{self.folder}.inner.PORT}}/app")
        self.put("NOWHERE", "${NO_SUCH_SECRET}")
        self.put("PLAIN", "${A:-x} $${ } $HOST")
        expanded = values(self.list().secrets)
        self.assertEqual(expanded["URL"], "postgres://db.internal:5432/app")
        self.assertEqual(expanded["NOWHERE"], "${NO_SUCH_SECRET}")
        self.assertEqual(expanded["PLAIN"], "${A:-x} $${ } $HOST")
        self.assertEqual(self.get("URL").secretValue, "postgres://db.internal:5432/app")
        raw = values(self.list(expand_secret_references=False).secrets)
        self.assertEqual(raw["URL"], f"postgres://${{HOST}}:${{dev.{self.folder}.inner.PORT}}/app")
        self.assertEqual(self.get("URL", expand_secret_references=False).secretValue, raw["URL"])

    def test_imports(self):
        for name in ["low", "high"]:
            self.make_folder(name, self.path)
            self.put("SHARED", name, path=f"{self.path}/{name}")
            api(
                "POST",
                "/api/v1/secret-imports",
                {
                    "workspaceId": PROJECT,
                    "environment": "dev",
                    "path": self.path,
                    "import": {"environment": "dev", "path": f"{self.path}/{name}"},
                },
            )
        self.put("ONLY_LOW", "low", path=self.path + "/low")
        self.put("OWN", "own")
        listed = self.list()
        self.assertEqual(values(listed.secrets), {"OWN": "own"})
        self.assertEqual(
            [(block.secretPath, block.environment) for block in listed.imports],
            [(self.path + "/low", "dev"), (self.path + "/high", "dev")],
        )
        self.assertTrue(all(block.folderId for block in listed.imports))
        self.assertEqual(
            [(secret["secretKey"], secret["secretValue"]) for secret in listed.imports[1].secrets],
            [("SHARED", "high")],
        )
        self.assertEqual(self.list(include_imports=False).imports, [])
        found = self.get("SHARED")
        self.assertEqual((found.secretValue, found.secretPath), ("high", self.path + "/high"))
        self.assertEqual(self.get("ONLY_LOW").secretPath, self.path + "/low")
        self.refused(404, self.get, "SHARED", include_imports=False)

    def test_recursion(self):
        self.make_folder("a", self.path)
        self.make_folder("b", self.path + "/a")
        self.put("TOP", "1")
        self.put("MIDDLE", "2", path=self.path + "/a")
        self.put("DEEP", "3", path=self.path + "/a/b")
        self.assertEqual(values(self.list().secrets), {"TOP": "1"})
        found = self.list(recursive=True).secrets
        self.assertEqual(
            {secret.secretKey: secret.secretPath for secret in found},
            {"TOP": self.path, "MIDDLE": self.path + "/a", "DEEP": self.path + "/a/b"},
        )

    def test_a_path_may_be_written_carelessly(self):
        self.put("HERE", "value")
        for path in [self.path + "/", self.folder, " " + self.path]:
            self.assertEqual(values(self.list(path=path).secrets), {"HERE": "value"}, path)


class Folders(Case):
    """Folders, all calls."""

    def names(self, **more):
        listed = self.sdk.folders.list_folders(
            project_id=PROJECT, environment_slug="dev", path=more.pop("path", self.path), **more
        )
        return [folder.name for folder in listed.folders]

    def test_a_life(self):
        made = self.sdk.folders.create_folder(
            name=self.folder, environment_slug="dev", project_id=PROJECT, path="/", description="for a test"
        )
        self.assertEqual((made.name, made.path), (self.folder, self.path))
        self.assertEqual(self.make_folder().id, made.id, "a folder that is there is answered as it is")
        inner = self.make_folder("inner", self.path)
        self.assertEqual(inner.path, self.path + "/inner")
        self.assertEqual(self.names(), ["inner"])
        self.assertIn(self.folder, self.names(path="/"))

        found = self.sdk.folders.get_folder_by_id(inner.id)
        self.assertEqual((found.name, found.path, found.projectId), ("inner", self.path + "/inner", PROJECT))
        self.assertEqual((found.environment.envSlug, found.environment.envId), ("dev", made.envId))

        renamed = self.sdk.folders.update_folder(
            inner.id, name="renamed", environment_slug="dev", project_id=PROJECT, path=self.path, description="x"
        )
        self.assertEqual((renamed.id, renamed.name, renamed.path), (inner.id, "renamed", self.path + "/renamed"))
        self.assertEqual(self.names(), ["renamed"])

        gone = self.sdk.folders.delete_folder(inner.id, "dev", PROJECT, path=self.path)
        self.assertEqual(gone.id, inner.id)
        self.refused(404, self.sdk.folders.get_folder_by_id, inner.id)
        self.assertEqual(self.names(), [])
        self.sdk.folders.delete_folder(self.folder, "dev", PROJECT)
        self.refused(404, self.sdk.folders.delete_folder, self.folder, "dev", PROJECT)

    def test_a_folder_with_content_needs_force(self):
        self.make_folder()
        self.put("PRECIOUS", "value")
        self.refused(400, self.sdk.folders.delete_folder, self.folder, "dev", PROJECT)
        self.assertEqual(self.get("PRECIOUS").secretValue, "value")
        self.sdk.folders.delete_folder(self.folder, "dev", PROJECT, force_delete=True)
        self.refused(404, self.get, "PRECIOUS")

    def test_recursive_lists_and_times(self):
        self.make_folder()
        self.make_folder("a", self.path)
        self.make_folder("b", self.path + "/a")
        self.assertEqual(self.names(), ["a"])
        self.assertEqual(sorted(self.names(recursive=True)), ["a", "b"])
        self.put("RECENT", "value", path=self.path + "/a")
        tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
        self.assertEqual(self.names(last_secret_modified=tomorrow), [])
        self.assertEqual(self.names(last_secret_modified=tomorrow - timedelta(days=2)), ["a"])

    def test_refusals(self):
        self.make_folder()
        self.make_folder("taken", self.path)
        other = self.make_folder("other", self.path)
        self.refused(400, self.sdk.folders.update_folder, other.id, "taken", "dev", PROJECT, self.path)
        for name in ["with space", "a/b", "..", ""]:
            error = self.refused(422, self.make_folder, name or "\t", self.path)
            self.assertEqual(error.response["error"], "ValidationFailure")
        self.refused(404, self.sdk.folders.get_folder_by_id, str(uuid.uuid4()))
        self.refused(404, self.make_folder, environment="no-such-environment")


class Refusals(Case):
    """Errors reach the client as the class it has for them."""

    def test_not_found(self):
        self.make_folder()
        calls = [
            lambda: self.get("NO_SUCH_SECRET"),
            lambda: self.get("ANY", environment="no-such-environment"),
            lambda: self.get("ANY", path="/no/such/folder"),
            lambda: self.put("ANY", "value", environment="no-such-environment"),
            lambda: self.put("ANY", "value", path="/no/such/folder"),
            lambda: self.list(environment="no-such-environment", recursive=True),
        ]
        for number, call in enumerate(calls):
            with self.subTest(number):
                error = self.refused(404, call)
                self.assertEqual(error.response["error"], "NotFound")
                self.assertIn("not found", error.response["message"])
        listing = self.sdk.secrets.list_secrets
        self.refused(404, listing, "dev", "/", project_id=str(uuid.uuid4()))
        self.refused(404, listing, "dev", "/", project_slug="no-such-project")

    def test_a_list_of_an_unknown_place_is_empty(self):
        """As scripts know it from Infisical; a header says what is missing."""
        self.assertEqual(self.list(path="/no/such/folder").secrets, [])
        answer = requests.get(
            URL + "/api/v3/secrets/raw",
            params={"workspaceId": PROJECT, "environment": "nowhere"},
            headers={"Authorization": f"Bearer {self.sdk.get_token()}"},
            timeout=30,
        )
        self.assertEqual((answer.status_code, answer.json()["secrets"]), (200, []))
        self.assertIn("nowhere", answer.headers["x-strongroom-hint"])

    def test_forbidden(self):
        other = api("POST", "/api/v2/workspace", {"projectName": self.folder})["project"]
        for call in [
            lambda: self.sdk.secrets.list_secrets("dev", "/", project_id=other["id"]),
            lambda: self.sdk.secrets.get_secret_by_name("ANY", "dev", "/", project_id=other["id"]),
            lambda: self.sdk.secrets.create_secret_by_name("ANY", "/", "dev", other["id"], "value"),
            lambda: self.sdk.folders.list_folders(other["id"], "dev", "/"),
        ]:
            self.refused(403, call)

    def test_invalid(self):
        for path in ["/a/../b", "/./a", "/a\\b"]:
            with self.subTest(path):
                error = self.refused(422, self.list, path=path)
                self.assertEqual(error.response["error"], "ValidationFailure")
        self.make_folder()
        long = "x" * 2_000
        self.refused(422, self.put, "METADATA", "value", secret_metadata=[{"key": "k", "value": long}])
        self.refused(422, self.get, "ANY", version="first")

    def test_what_is_not_offered_is_not_found(self):
        """Dynamic secrets and key management: a clear answer instead of a crash of the client."""
        self.refused(404, self.sdk.kms.list_keys, project_id=PROJECT)
        with self.assertRaises(InfisicalError):
            self.sdk.dynamic_secrets.get_by_name("any", SLUG, "dev", "/")


if __name__ == "__main__":
    unittest.main(verbosity=2)
