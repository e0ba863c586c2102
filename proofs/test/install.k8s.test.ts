import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import twilio from 'twilio';
import { GATEWAY_HOST, HOST } from '../src/cluster/cluster-load.ts';
import { type ClusterParts, findClusterParts } from '../src/cluster/cluster-parts.ts';
import { noteFigures, seconds } from '../src/cluster/figures.ts';
import { restartsOf } from '../src/cluster/kubectl.ts';
import { withPortForward } from '../src/cluster/port-forward.ts';
import { ingressUrl } from '../src/cluster/settings.ts';
import { memoryOf, openStage, type Stage } from '../src/cluster/stage.ts';
import { sendRaw } from '../src/raw-request.ts';

const TABLE = 'Installed from empty';
/** The port of the entry point of Traefik, which its Gateways have to name. */
const GATEWAY_PORT = 8000;
const SENT_BY = { ingress: HOST, gateway: GATEWAY_HOST } as const;

describe('a release that is installed into an empty namespace', () => {
  let stage: Stage;
  let parts: ClusterParts;
  let installMs = 0;

  before(async () => {
    parts = await findClusterParts();
    stage = await openStage('install');
    await stage.show(async () => {
      if (parts.gatewayClass !== null)
        await stage.kubectl.apply(JSON.stringify(gatewayOf(parts.gatewayClass)));
      installMs = await stage.release.install({
        expose: {
          ingress: {
            enabled: parts.ingressClass !== null,
            className: parts.ingressClass ?? '',
            hosts: [HOST],
          },
          httpRoute: {
            enabled: parts.gatewayClass !== null,
            parentRefs: [{ name: 'gateway' }],
            hostnames: [GATEWAY_HOST],
          },
        },
        networkPolicy: { enabled: true },
      });
    });
  });
  after(() => stage?.[Symbol.asyncDispose]());

  /** A message as Twilio signs it, for the URL that Twilio calls. */
  async function send(via: keyof typeof SENT_BY, change: (body: string) => string = body => body) {
    const url = `https://${SENT_BY[via]}/webhook/whatsapp-${via}?tag=a%20b`;
    const form = {
      MessageSid: `SM${(via === 'ingress' ? 'a1' : 'b2').repeat(16)}`,
      From: 'whatsapp:+15551230000',
      To: 'whatsapp:+15559870000',
      Body: `Grüße + 100% & mehr, ${via}`,
      NumMedia: '0',
    };
    const signature = twilio.getExpectedTwilioSignature(stage.secrets['twilio'] ?? '', url, form);
    const { pathname, search, host } = new URL(url);
    const body = new URLSearchParams(form).toString();
    const answer = await sendRaw({
      url: `${ingressUrl()}${pathname}${search}`,
      headers: [
        ['Host', host],
        ['Content-Type', 'application/x-www-form-urlencoded; charset=UTF-8'],
        ['X-Twilio-Signature', signature],
      ],
      body: Buffer.from(change(body)),
    });
    return { answer, body, url };
  }

  it('is ready, without one restart', () =>
    stage.show(async () => {
      const pods = await stage.kubectl.pods('app.kubernetes.io/instance=ackline');
      assert.equal(restartsOf(pods), 0);
      noteFigures(TABLE, {
        'PostgreSQL, Kafka, Redis and receiver ready after': seconds(stage.storesMs),
        '`helm install --wait`, with the migration': seconds(installMs),
      });
    }));

  for (const via of ['ingress', 'gateway'] as const) {
    const name = via === 'ingress' ? 'an Ingress' : 'an HTTPRoute';
    it(`takes a webhook that the twilio package has signed through ${name}, and delivers it to a pod`, test =>
      stage.show(async () => {
        if ((via === 'ingress' ? parts.ingressClass : parts.gatewayClass) === null)
          return test.skip(`the cluster serves no ${via === 'ingress' ? 'Ingress' : 'Gateway'}`);
        const reached = await waitFor(
          () => send(via).then(sent => (sent.answer.status === 404 ? null : sent)),
          {
            timeoutMs: 60_000,
            what: `the host of ${name}`,
          },
        );
        assert.equal(reached.answer.status, 200, reached.answer.body);
        const forged = await send(via, body => body.replace('100', '101'));
        assert.equal(forged.answer.status, 401);
        const delivered = await waitFor(
          async () => (await stage.arrivals()).others.find(other => other.body === reached.body),
          { timeoutMs: 60_000, what: 'the delivery' },
        );
        const at = delivered.headers.findIndex(header => header.toLowerCase() === 'ackline-url');
        assert.equal(delivered.headers[at + 1], reached.url);
        noteFigures(TABLE, { [`Twilio's webhook through ${name}`]: '200, delivered; altered: 401' });
      }));
  }

  it('has a console that answers who has a token made in its pod, behind a forwarded port, and nobody else', () =>
    stage.show(async () => {
      const create = ['ackline', 'tokens', 'create', 'first', '--scope', 'view'];
      const token = (await stage.kubectl.run(['exec', 'deploy/ackline-console', '--', ...create])).trim();
      const service = { name: 'service/ackline-console', port: 80 };
      await withPortForward(stage.kubectl, service, async port => {
        const call = (path: string, headers: Readonly<Record<string, string>>) =>
          fetch(`http://127.0.0.1:${port}/api/v1${path}`, { headers });
        for (const headers of [{}, { authorization: `Bearer ${token}x` }]) {
          const refused = await call('/events', headers);
          assert.equal(refused.status, 401, await refused.text());
        }
        const headers = { authorization: `Bearer ${token}` };
        const caller = await call('/caller', headers);
        assert.deepEqual(await caller.json(), {
          name: 'token:first',
          scopes: ['view'],
          tenant: null,
          by: 'token',
        });
        const { items } = (await (await call('/sources', headers)).json()) as { items: { name: string }[] };
        assert.ok(items.some(({ name }) => name === 'whatsapp-ingress'));
        assert.equal((await call('/events', headers)).status, 200);
      });
      noteFigures(TABLE, {
        'The console, by `kubectl port-forward`': 'with a token 200; without, or with another, 401',
      });
    }));

  it('passes `helm test`', () =>
    stage.show(async () => {
      const { code, stdout, stderr } = await stage.release.test();
      assert.equal(code, 0, stdout + stderr);
    }));

  it('runs in a namespace that admits restricted pods alone, each behind a NetworkPolicy', () =>
    stage.show(async () => {
      const refused = await stage.kubectl.attempt(['apply', '--dry-run=server', '--filename', '-'], {
        input: JSON.stringify(privilegedPod),
      });
      assert.match(refused.stderr, /violates PodSecurity "restricted/);
      const { items } = await stage.kubectl.get<{ items: readonly Policy[] }>('networkpolicy');
      for (const component of ['ingress', 'processor', 'console']) {
        const policy = items.find(item => selectorOf(item)['app.kubernetes.io/component'] === component);
        assert.ok(policy !== undefined, component);
        assert.deepEqual(policy.spec.policyTypes?.toSorted(), ['Egress', 'Ingress'], component);
      }
      noteFigures(TABLE, { NetworkPolicies: items.map(item => item.metadata.name).join(', ') });
    }));

  it('takes memory', test =>
    stage.show(async () => {
      if (!parts.metrics) return test.skip('the cluster has no metrics-server');
      const memory = await memoryOf(stage.kubectl);
      noteFigures('Memory of pods, `kubectl top`', memory);
      assert.ok(Object.keys(memory).some(pod => pod.includes('ingress')));
    }));
});

interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly policyTypes?: readonly string[];
  };
}

const selectorOf = (policy: Policy) => policy.spec.podSelector.matchLabels ?? {};

function gatewayOf(gatewayClassName: string): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'gateway' },
    spec: { gatewayClassName, listeners: [{ name: 'http', protocol: 'HTTP', port: GATEWAY_PORT }] },
  };
}

const privilegedPod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'privileged' },
  spec: { containers: [{ name: 'all', image: 'postgres:17', securityContext: { privileged: true } }] },
};
