{{/* The pod of the ingress: the same in its Deployment and its StatefulSet. */}}
{{- define "ackline.ingressPod" -}}
{{- $parts := dict "root" . "component" "ingress" "values" .Values.ingress "kind" (include "ackline.ingressKind" .) -}}
{{- $spool := .Values.ingress.spool -}}
metadata:
  {{- include "ackline.podMetadata" $parts | nindent 2 }}
spec:
  serviceAccountName: {{ include "ackline.serviceAccountName" . | quote }}
  # No preStop: on SIGTERM readiness fails first, connections are taken for DRAIN_WAIT_MS more, and then the port closes.
  terminationGracePeriodSeconds: {{ include "ackline.graceSeconds" $parts }}
  {{- include "ackline.podSpec" $parts | nindent 2 }}
  {{- include "ackline.spread" $parts | nindent 2 }}
  {{- with .Values.ingress.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    {{- $own := dict "env" (include "ackline.ingressEnv" .) "ports" "- { name: http, containerPort: 8080 }" }}
    {{- if $spool.enabled }}
    {{- $_ := set $own "mounts" "- { name: spool, mountPath: /var/lib/ackline/spool }" }}
    {{- end }}
    {{- include "ackline.serviceContainer" (merge $own $parts) | nindent 4 }}
  volumes:
    {{- include "ackline.volumes" (dict "root" . "configMap" (include "ackline.configMapName" .)) | nindent 4 }}
    {{- with include "ackline.kafkaVolumes" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- if and $spool.enabled (not $spool.persistence.enabled) }}
    - name: spool
      # Twice what its files may have: a pod that is over it would be evicted.
      emptyDir: { sizeLimit: {{ div (mul 2 (include "ackline.bytes" $spool.maxBytes | int64)) 1048576 }}Mi }
    {{- end }}
    {{- with .Values.ingress.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
