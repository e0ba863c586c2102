/** By which of SASL's a user and a password are shown to Kafka. */
export const kafkaMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
