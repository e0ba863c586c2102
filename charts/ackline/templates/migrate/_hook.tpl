{{/*
What the migration needs has to be there before it, and so before the release's own objects: its account, its copy of ackline.yaml, its
NetworkPolicy. They go once all has succeeded. Takes the weight: lower ones come first.
*/}}
{{- define "ackline.migrateHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{- define "ackline.migrateAccount" -}}
{{- if .Values.serviceAccount.create }}{{ include "ackline.fullname" . }}-migrate{{ else }}{{ include "ackline.serviceAccountName" . }}{{ end -}}
{{- end }}
