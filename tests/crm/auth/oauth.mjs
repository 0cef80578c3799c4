// Drives the server as a program written in JavaScript would: node oauth.mjs SERVER CLIENT SECRET [CALLBACK]
import * as readline from "node:readline/promises";
import * as oauth from "oauth4webapi";

const [server, clientId, secret, callback] = process.argv.slice(2);
const plain = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(server);
const found = await oauth.discoveryRequest(issuer, { ...plain, algorithm: "oauth2" });
const as = await oauth.processDiscoveryResponse(issuer, found);
const client = { client_id: clientId };
const authentication = oauth.ClientSecretBasic(secret);

async function asItself() {
  const parameters = new URLSearchParams({ scope: "customers:read" });
  const answer = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, plain);
  return oauth.processClientCredentialsResponse(as, client, answer);
}

async function asSomebody() {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "customers:read",
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  console.log(url.href);
  const returned = new URL(await readline.createInterface({ input: process.stdin }).question(""));
  const parameters = oauth.validateAuthResponse(as, client, returned, state);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, authentication, parameters, callback, verifier, plain);
  const first = await oauth.processAuthorizationCodeResponse(as, client, answer);
  const next = await oauth.refreshTokenGrantRequest(as, client, authentication, first.refresh_token, plain);
  return oauth.processRefreshTokenResponse(as, client, next);
}

const token = callback ? await asSomebody() : await asItself();
const shown = await oauth.protectedResourceRequest(token.access_token, "GET", new URL(`${server}/api/v1/me`), undefined, undefined, plain);
const seen = await oauth.processIntrospectionResponse(
  as, client, await oauth.introspectionRequest(as, client, authentication, token.access_token, plain),
);
await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, token.access_token, plain));
const after = await oauth
  .protectedResourceRequest(token.access_token, "GET", new URL(`${server}/api/v1/me`), undefined, undefined, plain)
  .catch((error) => ({ status: error.status }));
console.log(JSON.stringify({ me: await shown.json(), active: seen.active, after: after.status }));
process.exit(0);
