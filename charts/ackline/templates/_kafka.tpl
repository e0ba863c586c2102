{{/* The way to Kafka, of pods that have a use for it: docs/kafka.md. */}}

{{- define "ackline.kafkaEnv" -}}
{{- with .Values.kafka -}}
{{- if .brokers -}}
- { name: KAFKA_BROKERS, value: {{ join "," .brokers | quote }} }
- { name: KAFKA_DURABILITY, value: {{ .durability }} }
{{- if not (kindIs "invalid" .tls.enabled) }}
- { name: KAFKA_TLS, value: {{ .tls.enabled | quote }} }
{{- end }}
{{- if .tls.caSecret.name }}
- { name: KAFKA_TLS_CA_FILE, value: {{ printf "/etc/ackline/kafka/ca/%s" .tls.caSecret.key | quote }} }
{{- end }}
{{- if .tls.certSecret.name }}
- { name: KAFKA_TLS_CERT_FILE, value: {{ printf "/etc/ackline/kafka/cert/%s" .tls.certSecret.certKey | quote }} }
- { name: KAFKA_TLS_KEY_FILE, value: {{ printf "/etc/ackline/kafka/cert/%s" .tls.certSecret.keyKey | quote }} }
{{- end }}
{{- if .sasl.mechanism }}
- { name: KAFKA_SASL_MECHANISM, value: {{ .sasl.mechanism | quote }} }
- { name: KAFKA_SASL_USERNAME, value: {{ .sasl.username | quote }} }
- name: KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ .sasl.passwordSecret.name | quote }}, key: {{ .sasl.passwordSecret.key | quote }} }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Folders: a file that is mounted by itself would stay as it was at the start. */}}
{{- define "ackline.kafkaMounts" -}}
{{- with .Values.kafka -}}
{{- if and .brokers .tls.caSecret.name }}
- { name: kafka-ca, mountPath: /etc/ackline/kafka/ca, readOnly: true }
{{- end }}
{{- if and .brokers .tls.certSecret.name }}
- { name: kafka-cert, mountPath: /etc/ackline/kafka/cert, readOnly: true }
{{- end }}
{{- end }}
{{- end }}

{{- define "ackline.kafkaVolumes" -}}
{{- $tls := .Values.kafka.tls -}}
{{- if .Values.kafka.brokers }}
{{- range $name, $secret := dict "kafka-ca" $tls.caSecret.name "kafka-cert" $tls.certSecret.name }}
{{- if $secret }}
- name: {{ $name }}
  # 0440, as secrets have it.
  secret: { secretName: {{ $secret | quote }}, defaultMode: 288 }
{{- end }}
{{- end }}
{{- end }}
{{- end }}
