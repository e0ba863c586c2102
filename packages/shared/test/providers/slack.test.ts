import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';

import {
  buildUrlVerificationResponse,
  defaultBodyLimit,
} from '@slack/bolt/dist/receivers/HTTPModuleFunctions.js';
import { isValidSlackRequest } from '@slack/bolt/dist/receivers/verify-request.js';

import type { ReceivedRequest } from '../../src/provider.ts';
import { slack } from '../../src/providers/slack.ts';
import { oddForms } from './support/odd-bodies.ts';
import {
  fixture,
  identityOf,
  NOW,
  post,
  refusal,
  signedBody,
  withBody,
  withHeader,
} from './support/requests.ts';
import { headerOf, type SignOptions } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const events = ['message', 'reaction-added', 'channel-created', 'url-verification'];
const forms = ['command', 'block-actions', 'view-closed'];

const secondsOf = (at: number) => String(Math.floor(at / 1000));

function webhook(body: string | Uint8Array, options: SignOptions, type = JSON_TYPE): ReceivedRequest {
  const seconds = secondsOf(options.at);
  const hex = createHmac('sha256', options.secret).update(`v0:${seconds}:`).update(body).digest('hex');
  return post(
    [
      ['Content-Type', type],
      ['X-Slack-Signature', `v0=${hex}`],
      ['X-Slack-Request-Timestamp', seconds],
    ],
    body,
  );
}

const signed = (body: string | Uint8Array, type = JSON_TYPE) =>
  webhook(body, { secret: SECRET, at: NOW }, type);
const form = (body: string | Uint8Array) => signed(body, FORM_TYPE);
const interaction = (payload: unknown) => form(`payload=${encodeURIComponent(JSON.stringify(payload))}`);
const unproven = (body: string, type = FORM_TYPE) => post([['Content-Type', type]], body);
const of = (payload: unknown) => identityOf(slack, signed(JSON.stringify(payload)));

const typed = (type: string) => ({
  provider: slack,
  secret: SECRET,
  otherSecret: 'd41d8cd98f00b204e9800998ecf8427e',
  proofHeaders: ['x-slack-signature', 'x-slack-request-timestamp'] as const,
  sign: (body: Uint8Array, options: SignOptions) => webhook(body, options, type),
  sdk: {
    name: '@slack/bolt',
    sign: null,
    verifies: (request: ReceivedRequest, secret: string) =>
      isValidSlackRequest({
        signingSecret: secret,
        body: Buffer.from(request.body).toString(),
        headers: {
          'x-slack-signature': headerOf(request, 'x-slack-signature'),
          'x-slack-request-timestamp': Number(headerOf(request, 'x-slack-request-timestamp')),
        },
      }),
  },
});

testSignedProvider({
  ...typed(JSON_TYPE),
  bodies: new Map(events.map(name => [name, fixture(`slack/${name}.json`).toString()])),
});

testSignedProvider({
  ...typed(FORM_TYPE),
  name: 'slack (form)',
  bodies: new Map(forms.map(name => [name, fixture(`slack/${name}.form`).toString()])),
  oddBodies: oddForms(),
});

testSignedProvider({
  ...typed(FORM_TYPE),
  name: 'slack (form with a payload)',
  bodies: new Map([['block-actions', fixture('slack/block-actions.form').toString()]]),
  oddBodies: oddForms('payload=%7B%7D'),
});

describe('slack verify', () => {
  it("takes the example of Slack's documentation", () => {
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&' +
      'channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&' +
      'response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&' +
      'trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
    const request = post(
      [
        ['Content-Type', FORM_TYPE],
        ['X-Slack-Signature', 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503'],
        ['X-Slack-Request-Timestamp', '1531420618'],
      ],
      body,
    );
    const at = 1_531_420_618_000;
    assert.deepEqual(slack.verify(request, [SECRET], at), { verified: true, secretIndex: 0 });
    assert.equal(slack.verify(withBody(request, Buffer.from(`${body}&a=`)), [SECRET], at).verified, false);
  });

  it('never takes another version, a time that is no whole second, or another separator', () => {
    const request = signed('{}');
    const hex = headerOf(request, 'x-slack-signature').slice('v0='.length);
    for (const value of [hex, `v1=${hex}`, `V0=${hex}`, `v0:${hex}`, `v0=${hex},v0=${hex}`])
      assert.equal(
        refusal(slack, withHeader(request, 'X-Slack-Signature', value), [SECRET]),
        'malformed_signature',
        value,
      );
    for (const time of ['now', '1e9', `${secondsOf(NOW)}.0`, `0${secondsOf(NOW)}`, `-${secondsOf(NOW)}`])
      assert.equal(
        refusal(slack, withHeader(request, 'X-Slack-Request-Timestamp', time), [SECRET]),
        'malformed_signature',
        time,
      );
    const other = createHmac('sha256', SECRET)
      .update(`v0.${secondsOf(NOW)}.{}`)
      .digest('hex');
    assert.equal(
      refusal(slack, withHeader(request, 'X-Slack-Signature', `v0=${other}`), [SECRET]),
      'wrong_signature',
    );
  });
});

describe('slack identify', () => {
  it('names an event as the Events API does, by its id, in the order of its channel', () => {
    assert.deepEqual(identityOf(slack, signed(fixture('slack/message.json'))), {
      type: 'message',
      dedupKey: 'Ev0PV52K25',
      orderingKey: 'T061EG9R6|C024BE91L',
      occurredAt: 1_355_517_523_000,
      priority: 'normal',
    });
    const keyOf = (name: string) => identityOf(slack, signed(fixture(`slack/${name}.json`))).orderingKey;
    assert.equal(keyOf('reaction-added'), 'T061EG9R6|C0G9QF9GZ');
    assert.equal(keyOf('channel-created'), 'T061EG9R6|C024BE91L');
  });

  it('orders what is in no channel by its user, and what has neither not at all', () => {
    const keyOf = (event: unknown) => of({ team_id: 'T1', event_id: 'Ev1', event }).orderingKey;
    assert.equal(keyOf({ type: 'file_shared', channel_id: 'C1', user: 'U1' }), 'T1|C1');
    assert.equal(keyOf({ type: 'team_join', user: { id: 'U1' } }), 'T1|U1');
    assert.equal(keyOf({ type: 'user_change', user: 'U1' }), 'T1|U1');
    assert.equal(keyOf({ type: 'team_rename', name: 'x' }), null);
    const ofOrganization = { enterprise_id: 'E1', event: { type: 'message', channel: 'C1' } };
    assert.equal(of(ofOrganization).orderingKey, 'E1|C1');
    assert.equal(of({ event: { channel: 'C1' } }).orderingKey, 'C1');
  });

  it('never makes a new event of a repeat, whatever the header of a repeat says', () => {
    const first = signed(fixture('slack/message.json'));
    const again = withHeader(
      withHeader(first, 'X-Slack-Retry-Num', '1'),
      'X-Slack-Retry-Reason',
      'http_timeout',
    );
    assert.deepEqual(identityOf(slack, again), identityOf(slack, first));
  });

  it('names what is no event of the Events API by its own type, without an id', () => {
    const limited = of({ type: 'app_rate_limited', team_id: 'T1', minute_rate_limited: 1_518_467_820 });
    assert.deepEqual([limited.type, limited.dedupKey], ['app_rate_limited', null]);
    assert.equal(of({}).type, 'unknown');
  });

  it('names a command as it is typed, by its trigger', () => {
    assert.deepEqual(identityOf(slack, form(fixture('slack/command.form'))), {
      type: '/weather',
      dedupKey: '/weather|13345224609.738474920.8088930838d88f008e0',
      orderingKey: 'T061EG9R6|C2147483705',
      occurredAt: null,
      priority: 'normal',
    });
    assert.equal(identityOf(slack, form('command=%2Fx&user_id=U1')).dedupKey, null);
    assert.equal(identityOf(slack, form('a=b')).type, 'unknown');
    assert.equal(identityOf(slack, form('command=%2Fx&command=%2Fy&trigger_id=1')).type, 'unknown');
  });

  it('names an interaction by its type and trigger, and keeps one without a trigger', () => {
    assert.deepEqual(identityOf(slack, form(fixture('slack/block-actions.form'))), {
      type: 'block_actions',
      dedupKey: 'block_actions|12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3',
      orderingKey: 'T061EG9R6|C2147483705',
      occurredAt: null,
      priority: 'normal',
    });
    const closed = identityOf(slack, form(fixture('slack/view-closed.form')));
    assert.deepEqual(
      [closed.type, closed.dedupKey, closed.orderingKey],
      ['view_closed', null, 'E0ORG|U2147483697'],
    );
    const inMessage = { type: 'block_suggestion', team: { id: 'T1' }, container: { channel_id: 'C1' } };
    assert.equal(identityOf(slack, interaction(inMessage)).orderingKey, 'T1|C1');
  });

  it('calls a form malformed that can not be decoded, or whose payload is there twice or no JSON object', () => {
    for (const body of [
      'a=%ff',
      'payload=',
      'payload={}&payload=[]',
      'payload=x',
      'payload=[]',
      'payload=%7B',
    ])
      assert.equal(slack.identify(form(body)).kind, 'malformed', body);
    assert.equal(slack.identify(form('payload=%7B%7D')).kind, 'event');
  });

  it('signs a given form as a form, and a given event as JSON', () => {
    for (const name of forms) {
      const request = signedBody(slack, SECRET, fixture(`slack/${name}.form`));
      assert.notEqual(identityOf(slack, request).type, 'unknown', name);
    }
    assert.equal(identityOf(slack, signedBody(slack, SECRET, fixture('slack/message.json'))).type, 'message');
  });

  it('answers with an empty body, since any other would be shown to the user', () => {
    assert.deepEqual(slack.answer(form('command=%2Fx')), { status: 200, contentType: null, body: '' });
  });
});

describe('slack challenge', () => {
  const question = fixture('slack/url-verification.json');
  const answerTo = (request: ReceivedRequest) => slack.challenge?.(request, SECRET) ?? null;

  it('answers url_verification as @slack/bolt does', () => {
    const body = JSON.parse(question.toString()) as Record<string, string>;
    const written: unknown[] = [];
    const response = Object.assign(Object.create(ServerResponse.prototype) as ServerResponse, {
      writeHead: (...head: unknown[]) => void written.push(...head),
      end: (text: string) => void written.push(text),
    });
    buildUrlVerificationResponse(response, body);
    const answer = answerTo(signed(question));
    assert.deepEqual([answer?.status, { 'content-type': answer?.contentType }, answer?.body], written);
  });

  it('takes an event, a command and a click for what they are, also where they quote a question', () => {
    const quoting = JSON.stringify({
      type: 'event_callback',
      challenge: 'x',
      event: { text: 'url_verification' },
    });
    for (const body of [
      quoting,
      '{"type":"url_verification"}',
      '{"type":"url_verification","challenge":1}',
      '[]',
    ])
      assert.equal(answerTo(signed(body)), null, body);
    for (const name of forms) assert.equal(answerTo(form(fixture(`slack/${name}.form`))), null, name);
    assert.equal(answerTo(form('command=%2Fx&text=ssl_check%3D1')), null);
  });

  it('takes bodies as large as the SDK does', () => {
    assert.equal(slack.maxBodyBytes, defaultBodyLimit);
  });
});

describe('slack unsigned', () => {
  const answerTo = (request: ReceivedRequest) => slack.unsigned?.(request) ?? null;

  it('answers a look at the certificate, whatever else is in its form', () => {
    const empty = { status: 200, contentType: null, body: '' };
    for (const body of ['ssl_check=1', 'ssl_check=1&token=x', 'token=x&ssl_check=1&command=%2Fdeploy'])
      assert.deepEqual(answerTo(unproven(body)), empty, body);
    assert.deepEqual(slack.challenge?.(form('ssl_check=1&token=x'), SECRET), empty);
  });

  it('answers nothing else that comes without a signature', () => {
    for (const body of [
      'ssl_check=0',
      'ssl_check=1&ssl_check=0',
      'ssl_check=',
      'ssl_check=1&a=%ff',
      'text=ssl_check%3D1',
      `ssl_check=1&a=${'x'.repeat(4_096)}`,
      fixture('slack/command.form').toString(),
    ])
      assert.equal(answerTo(unproven(body)), null, body);
    assert.equal(answerTo(unproven('{"ssl_check":"1"}', JSON_TYPE)), null);
    assert.equal(answerTo(unproven('ssl_check=1', JSON_TYPE)), null);
  });
});

describe('slack secrets', () => {
  it('are those of an app, and no token of it', () => {
    for (const good of [SECRET, 'x']) assert.equal(slack.checkSecret(good), true);
    for (const bad of ['', ' x', 'x\n', 'xoxb-17653672481-19874698323', 'xapp-1-A0-x'])
      assert.equal(typeof slack.checkSecret(bad), 'string', bad);
  });
});
