{{- define "ackline.check.spool" -}}
{{- with .Values.ingress.spool }}
{{- if and .enabled (not .persistence.enabled) (not .acceptLossOnPodDeletion) }}
ingress.spool.enabled without persistence answers 200 for events that end with their pod: enable ingress.spool.persistence, or say that this is meant with ingress.spool.acceptLossOnPodDeletion: true.
{{- end }}
{{- if and .persistence.enabled (not .enabled) }}
ingress.spool.persistence is enabled, but no spool: set ingress.spool.enabled to true.
{{- end }}
{{- if .persistence.enabled }}
{{- if lt (include "ackline.ingressLeastReplicas" $ | int) 2 }}
ingress.spool.persistence replaces a pod only once the old one has gone, and with {{ ternary "ingress.autoscaling.minReplicas" "ingress.replicas" $.Values.ingress.autoscaling.enabled }} 1 nobody answers in between: set it to 2 or more.
{{- end }}
{{- $least := div (mul 5 (include "ackline.bytes" .maxBytes | int64)) 4 }}
{{- if lt (include "ackline.bytes" .persistence.size | int64) $least }}
ingress.spool.persistence.size is {{ .persistence.size }}, too small for the files of ingress.spool.maxBytes ({{ .maxBytes }}), which grow before they shrink: a quarter more is needed, {{ div (add $least 1048575) 1048576 }}Mi.
{{- end }}
{{- if or (has "ReadWriteMany" .persistence.accessModes) (has "ReadOnlyMany" .persistence.accessModes) }}
ingress.spool.persistence.accessModes has {{ join ", " .persistence.accessModes }}: the spool needs a disk whose locks and fsyncs hold, of one pod, and network filesystems break both. Set [ReadWriteOnce].
{{- end }}
{{- end }}
{{- end }}
{{- end }}
