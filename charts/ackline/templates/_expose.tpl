{{/* An Ingress in front of a component's Service. root, component; values: className, annotations, hosts, paths, tls. */}}
{{- define "ackline.ingressObject" -}}
{{- $name := printf "%s-%s" (include "ackline.fullname" .root) .component -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
{{ include "ackline.metadata" (dict "root" .root "component" .component "name" $name "annotations" .values.annotations) }}
spec:
  {{- with .values.className }}
  ingressClassName: {{ . | quote }}
  {{- end }}
  {{- with .values.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- $paths := .values.paths }}
    {{- range .values.hosts }}
    - host: {{ . | quote }}
      http:
        paths:
          {{- range $paths }}
          - path: {{ . | quote }}
            pathType: Prefix
            backend:
              service:
                name: {{ $name }}
                port: { name: http }
          {{- end }}
    {{- end }}
{{- end }}
