{{/* What the programs would refuse at their start, before any pod is replaced. */}}
{{- define "ackline.check.kafka" -}}
{{- with .Values.kafka }}
{{- $isInTheClear := and (kindIs "bool" .tls.enabled) (not .tls.enabled) }}
{{- if and $isInTheClear (or .tls.caSecret.name .tls.certSecret.name) }}
kafka.tls.enabled is false, and kafka.tls has a Secret: take one of them away.
{{- end }}
{{- if and .sasl.mechanism (not (and .sasl.username .sasl.passwordSecret.name)) }}
kafka.sasl.mechanism is set without a user or a password: set kafka.sasl.username, and name the Secret with the password in kafka.sasl.passwordSecret.
{{- end }}
{{- if and (not .sasl.mechanism) (or .sasl.username .sasl.passwordSecret.name) }}
kafka.sasl has a user or a password, and no mechanism: set kafka.sasl.mechanism to scram-sha-512, or to what the brokers have.
{{- end }}
{{- end }}
{{- end }}
