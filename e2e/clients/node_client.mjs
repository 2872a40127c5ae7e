// Infisical's published client for Node.js against a running server: what its users call. Addresses and credentials
// come from the environment.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, describe, test } from "node:test";

import { InfisicalSDK } from "@infisical/sdk";

const {
  TEST_URL: siteUrl,
  TEST_PROJECT: projectId,
  TEST_ORGANIZATION: organizationId,
  TEST_EMAIL: email,
  TEST_USER_TOKEN: userToken,
  TEST_CLIENT_ID: clientId,
  TEST_CLIENT_SECRET: clientSecret,
} = process.env;

/** What the client has no call for. */
async function api(method, path, body) {
  const answer = await fetch(siteUrl + path, {
    method,
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${userToken}`, "content-type": "application/json" },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${method} ${path}: ${text}`);
  return JSON.parse(text);
}

async function machine() {
  const sdk = new InfisicalSDK({ siteUrl });
  await sdk.auth().universalAuth.login({ clientId, clientSecret });
  return sdk;
}

const person = () => new InfisicalSDK({ siteUrl }).auth().accessToken(userToken);

/** The client puts status and text of a refusal into its message. */
const refusal = (status, words) => (error) => {
  assert.match(error.message, new RegExp(`\\[StatusCode=${status}\\]`));
  assert.match(error.message, words);
  return true;
};

const values = (secrets) => Object.fromEntries(secrets.map((secret) => [secret.secretKey, secret.secretValue]));

describe("logins", () => {
  test("universal auth", async () => {
    const sdk = await machine();
    assert.equal(sdk.auth().getAccessToken().split(".").length, 3);
    await sdk.secrets().listSecrets({ projectId, environment: "dev" });
  });

  test("wrong credentials", async () => {
    const login = (options) => new InfisicalSDK({ siteUrl }).auth().universalAuth.login(options);
    await assert.rejects(login({ clientId: randomUUID(), clientSecret }), refusal(401, /Invalid credentials/));
  });

  test("a renewed token", async () => {
    const { identity } = await api("POST", "/api/v1/identities", {
      name: "renewing", organizationId, role: "no-access",
    });
    const at = `/api/v1/auth/universal-auth/identities/${identity.id}`;
    const attached = await api("POST", at, { accessTokenTTL: 3600, accessTokenMaxTTL: 7200 });
    const made = await api("POST", `${at}/client-secrets`, {});
    await api("POST", `/api/v2/workspace/${projectId}/identity-memberships/${identity.id}`, { role: "viewer" });
    const sdk = new InfisicalSDK({ siteUrl });
    await sdk.auth().universalAuth.login({
      clientId: attached.identityUniversalAuth.clientId, clientSecret: made.clientSecret,
    });
    await sdk.auth().universalAuth.renew();
    await sdk.secrets().listSecrets({ projectId, environment: "dev" });
  });

  test("no token", async () => {
    const list = new InfisicalSDK({ siteUrl }).secrets().listSecrets({ projectId, environment: "dev" });
    await assert.rejects(list, refusal(401, /./));
  });
});

describe("secrets", () => {
  let sdk;
  let secretPath;
  let place;

  before(async () => {
    sdk = await machine();
    await sdk.folders().create({ name: "node", path: "/", projectId, environment: "dev" });
    secretPath = "/node";
    place = { projectId, environment: "dev", secretPath };
  });

  test("a life", async () => {
    const secrets = sdk.secrets();
    const { secret: made } = await secrets.createSecret("API/KEY ä", { ...place, secretValue: "one" });
    assert.deepEqual([made.secretKey, made.secretValue, made.version, made.type], ["API/KEY ä", "one", 1, "shared"]);
    const { secret: changed } = await secrets.updateSecret("API/KEY ä", {
      ...place, secretValue: "two", secretComment: "rotated", newSecretName: "API_KEY",
    });
    assert.deepEqual([changed.secretKey, changed.secretValue, changed.version], ["API_KEY", "two", 2]);
    const found = await secrets.getSecret({ ...place, secretName: "API_KEY" });
    assert.deepEqual([found.id, found.secretComment, found.secretPath], [made.id, "rotated", secretPath]);
    assert.equal((await secrets.getSecret({ ...place, secretName: "API_KEY", version: 1 })).secretValue, "one");
    assert.deepEqual(values((await secrets.listSecrets(place)).secrets), { API_KEY: "two" });
    const { secret: gone } = await secrets.deleteSecret("API_KEY", place);
    assert.equal(gone.id, made.id);
    await assert.rejects(
      secrets.getSecret({ ...place, secretName: "API_KEY" }), refusal(404, /'API_KEY' not found/));
  });

  test("the server's defaults: neither path nor type", async () => {
    const root = { projectId, environment: "staging" };
    await sdk.secrets().createSecret("DEFAULTS", { ...root, secretValue: "one" });
    await sdk.secrets().updateSecret("DEFAULTS", { ...root, secretValue: "two" });
    const { secrets, imports } = await sdk.secrets().listSecrets(root);
    assert.deepEqual(values(secrets), { DEFAULTS: "two" });
    assert.ok(imports === undefined || imports.length === 0);
    await sdk.secrets().deleteSecret("DEFAULTS", root);
  });

  test("every option", async () => {
    const { tag } = await api("POST", `/api/v1/projects/${projectId}/tags`, { slug: "node", color: "#aabbcc" });
    const options = {
      ...place, secretValue: "value", secretComment: "comment", secretReminderNote: "note",
      secretReminderRepeatDays: 3, skipMultilineEncoding: true, tagIds: [tag.id], type: "shared",
    };
    await sdk.secrets().createSecret("FULL", options);
    await sdk.secrets().createSecret("PLAIN", { ...place, secretValue: "value" });
    const { secrets } = await sdk.secrets().listSecrets({ ...place, tagSlugs: ["node"] });
    assert.deepEqual(secrets.map((secret) => secret.secretKey), ["FULL"]);
    assert.deepEqual(secrets[0].tags.map((tag) => tag.slug), ["node"]);
    assert.equal(secrets[0].skipMultilineEncoding, true);
    const hidden = await sdk.secrets().listSecrets({ ...place, viewSecretValue: false });
    assert.ok(hidden.secrets.every((secret) => secret.secretValueHidden === true));
    assert.ok(hidden.secrets.every((secret) => secret.secretValue === "<hidden-by-infisical>"));
    await sdk.secrets().updateSecret("FULL", { ...place, metadata: { owner: "team-a" }, tagIds: [] });
    const found = await sdk.secrets().getSecret({ ...place, secretName: "FULL" });
    assert.deepEqual([found.tags, found.secretValue], [[], "value"]);
  });

  test("references and imports", async () => {
    await sdk.folders().create({ name: "common", path: "/", projectId, environment: "dev" });
    const common = { ...place, secretPath: "/common" };
    await sdk.secrets().createSecret("HOST", { ...common, secretValue: "db.internal" });
    await sdk.secrets().createSecret("URL", { ...place, secretValue: "postgres://${dev.common.HOST}" });
    await api("POST", "/api/v1/secret-imports", {
      workspaceId: projectId, environment: "dev", path: secretPath,
      import: { environment: "dev", path: "/common" },
    });
    const merged = values(await sdk.secrets().listSecretsWithImports(place));
    assert.deepEqual([merged.HOST, merged.URL], ["db.internal", "postgres://db.internal"]);
    const raw = await sdk.secrets().listSecrets({ ...place, expandSecretReferences: false });
    assert.equal(values(raw.secrets).URL, "postgres://${dev.common.HOST}");
    const imported = await sdk.secrets().getSecret({ ...place, secretName: "HOST", includeImports: true });
    assert.equal(imported.secretValue, "db.internal");
    const { secrets } = await sdk.secrets().listSecrets({ projectId, environment: "dev", recursive: true });
    assert.ok(secrets.some((secret) => secret.secretPath === "/common"));
  });

  test("a person's own value", async () => {
    await sdk.secrets().createSecret("OVERRIDDEN", { ...place, secretValue: "shared" });
    await assert.rejects(
      sdk.secrets().createSecret("OVERRIDDEN", { ...place, secretValue: "mine", type: "personal" }),
      refusal(400, /./));
    const mine = person();
    await mine.secrets().createSecret("OVERRIDDEN", { ...place, secretValue: "mine", type: "personal" });
    const { secrets } = await mine.secrets().listSecrets(place);
    const both = secrets.filter((secret) => secret.secretKey === "OVERRIDDEN").map((secret) => secret.type);
    assert.deepEqual(both.sort(), ["personal", "shared"]);
    const own = await mine.secrets().getSecret({ ...place, secretName: "OVERRIDDEN", type: "personal" });
    assert.equal(own.secretValue, "mine");
    assert.equal((await sdk.secrets().getSecret({ ...place, secretName: "OVERRIDDEN" })).secretValue, "shared");
    await mine.secrets().deleteSecret("OVERRIDDEN", { ...place, type: "personal" });
    await mine.secrets().deleteSecret("OVERRIDDEN", place);
  });

  test("refusals", async () => {
    await sdk.secrets().createSecret("ONCE", { ...place, secretValue: "value" });
    await assert.rejects(
      sdk.secrets().createSecret("ONCE", { ...place, secretValue: "value" }), refusal(400, /already exist/));
    await assert.rejects(
      sdk.secrets().listSecrets({ ...place, projectId: randomUUID() }), refusal(404, /not found/));
    // Its message is shown only when it is one text.
    await assert.rejects(sdk.secrets().listSecrets({ ...place, secretPath: "/a/../b" }), /422/);
  });
});

describe("projects, environments, folders", () => {
  test("a project of one's own", async () => {
    const sdk = person();
    const project = await sdk.projects().create({
      projectName: "From Node", projectDescription: "made by a client", slug: "from-node",
    });
    assert.deepEqual([project.name, project.slug], ["From Node", "from-node"]);
    assert.deepEqual(project.environments.map((environment) => environment.slug), ["dev", "staging", "prod"]);
    const environment = await sdk.environments().create({
      name: "Testing", slug: "testing", projectId: project.id, position: 1,
    });
    assert.deepEqual([environment.slug, environment.position], ["testing", 1]);
    const at = { projectId: project.id, environment: "testing" };
    const folder = await sdk.folders().create({ ...at, name: "app", path: "/", description: "all of it" });
    assert.equal(folder.name, "app");
    await sdk.folders().create({ ...at, name: "inner", path: "/app" });
    assert.deepEqual((await sdk.folders().listFolders({ ...at, path: "/" })).map((f) => f.name), ["app"]);
    const all = await sdk.folders().listFolders({ ...at, path: "/", recursive: true });
    assert.deepEqual(all.map((f) => f.name).sort(), ["app", "inner"]);
  });

  test("nobody else looks into it", async () => {
    const sdk = await machine();
    const { project } = await api("POST", "/api/v2/workspace", { projectName: "Not for machines" });
    await assert.rejects(
      sdk.secrets().listSecrets({ projectId: project.id, environment: "dev" }), refusal(403, /./));
    await assert.rejects(
      sdk.folders().listFolders({ projectId: project.id, environment: "dev" }), refusal(403, /./));
    assert.ok(email);
  });
});
