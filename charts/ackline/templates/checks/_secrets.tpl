{{/* Every secret that `config` names is given to the pods, and stands where only who may read Secrets sees it. */}}
{{- define "ackline.check.secrets" -}}
{{- $config := .Values.config | default dict }}
{{- $mounted := list }}
{{- range .Values.secrets }}
{{- if has .name $mounted }}
secrets has {{ .name }} twice: give each a name of its own.
{{- end }}
{{- $mounted = append $mounted .name }}
{{- end }}
{{- $variables := list }}
{{- $shown := list }}
{{- range concat .Values.env .Values.ingress.env .Values.processor.env }}
{{- $variables = append $variables .name }}
{{- if hasKey . "value" }}{{ $shown = append $shown .name }}{{ end }}
{{- end }}
{{- $refs := list }}
{{- range $config.sources }}{{ range .secrets }}{{ $refs = append $refs . }}{{ end }}{{ end }}
{{- range $config.destinations }}
{{- with .signingSecret }}{{ $refs = append $refs . }}{{ end }}
{{- with (.sasl | default dict).password }}{{ $refs = append $refs . }}{{ end }}
{{- range $name, $file := .tls }}{{ $refs = append $refs (dict "file" $file) }}{{ end }}
{{- range $name, $ref := .secrets }}{{ $refs = append $refs $ref }}{{ end }}
{{- range $name, $value := .headers }}{{ if kindIs "map" $value }}{{ $refs = append $refs $value }}{{ end }}{{ end }}
{{- end }}
{{- range $ref := $refs }}
{{- if not (kindIs "map" $ref) }}
config has a secret itself, which everybody who may read the ConfigMap sees: put it into a Secret, name that in secrets, and refer to it by { file: /etc/ackline/secrets/<name>/<key> }.
{{- else }}
{{- with $ref.file }}
{{- if hasPrefix "/etc/ackline/kafka/" . }}
config names the file {{ . }}, which is of kafka.tls alone, and not in each pod: add its Secret to secrets, and refer to it by /etc/ackline/secrets/<name>/<key>.
{{- end }}
{{- $parts := splitList "/" (trimPrefix "/etc/ackline/secrets/" .) }}
{{- if and (hasPrefix "/etc/ackline/secrets/" .) (not (has (first $parts) $mounted)) }}
config names the file {{ . }}, but secrets has no {{ first $parts }}: add { name: {{ first $parts }} }, with the Secret that has it.
{{- end }}
{{- end }}
{{- with $ref.env }}
{{- if not (or (has . $variables) $.Values.envFrom) }}
config names the variable {{ . }}, but env does not have it: add it there with a secretKeyRef, or use a file of `secrets`, which can be rotated without a restart.
{{- end }}
{{- if has . $shown }}
env gives {{ . }}, which config takes for a secret, by its value, which everybody who may read the Deployment sees: put it into a Secret, and give it by valueFrom.secretKeyRef.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $config.destinations }}
{{- if regexMatch "^[a-z]+://[^/?#]*@" (toString .url) }}
destination {{ .name }} has a user or a password in its url, which everybody who may read the ConfigMap sees, and no service takes: let its signingSecret prove who delivers.
{{- end }}
{{- end }}
{{- end }}
