import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { choiceField, secretField } from './fields.ts';
import { kafkaMechanisms } from './kafka-mechanisms.ts';

const FILE_RULE = 'must be the absolute path of a file in PEM';
const MAX_PATH_LENGTH = 1_024;
const USERNAME_RULE = 'must be a user name, one line of up to 1000 characters';

const fileField = z
  .string({ error: FILE_RULE })
  .max(MAX_PATH_LENGTH, FILE_RULE)
  .refine(path => isAbsolute(path) && !path.includes('\0'), FILE_RULE)
  .meta({ title: 'path' });

const tlsSchema = z.strictObject(
  {
    caFile: fileField
      .optional()
      .describe(
        "The authorities that certificates of brokers have to be of, and no others. Default: Node's own, and NODE_EXTRA_CA_CERTS.",
      ),
    certFile: fileField
      .optional()
      .describe(
        'The certificate that brokers are shown (mTLS). Changed files are read again by new connections.',
      ),
    keyFile: fileField.optional().describe('Its key, without a pass phrase. Needed with `certFile`.'),
  },
  { error: 'must be a map with caFile, certFile and keyFile; {} trusts what the system trusts' },
);

const saslSchema = z.strictObject(
  {
    mechanism: choiceField(...kafkaMechanisms).describe('How user and password are shown to brokers.'),
    username: z
      .string({ error: USERNAME_RULE })
      .regex(/^[^\0\r\n]{1,1000}$/, USERNAME_RULE)
      .meta({ title: 'text' })
      .describe('Of the login.'),
    password: secretField.describe('Of the login, by reference.'),
  },
  { error: 'must be a map with mechanism, username and password' },
);

/** How the `brokers` of a destination are reached. */
export const kafkaSecurityFields = {
  tls: tlsSchema
    .optional()
    .describe('With `brokers`: they are reached by TLS, and their certificates are checked. {} is enough.'),
  sasl: saslSchema.optional().describe('With `brokers`: a login, always by TLS.'),
};
