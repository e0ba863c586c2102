{{/* Numbers that follow from others: grace periods, highest counts, connections. tests/numbers.integration.test.ts holds them to the code. */}}

{{/* DRAIN_DEADLINE_MS of packages/runtime/src/drain.ts. */}}
{{- define "ackline.drainDeadlineSeconds" -}}20{{- end }}

{{/* The wait of the component, the program's own deadline, and 5 s in which a process that was cut still ends by itself. */}}
{{- define "ackline.graceSeconds" -}}
{{- $wait := ternary .root.Values.ingress.drainWaitSeconds 0 (eq .component "ingress") | int -}}
{{- add $wait (include "ackline.drainDeadlineSeconds" . | int) 5 -}}
{{- end }}

{{- define "ackline.ingressMaxReplicas" -}}
{{- with .Values.ingress }}{{ ternary .autoscaling.maxReplicas .replicas .autoscaling.enabled | int }}{{ end -}}
{{- end }}

{{- define "ackline.processorMaxReplicas" -}}
{{- with .Values.processor }}{{ ternary .replicas .autoscaling.maxReplicas (eq .autoscaling.mode "none") | int }}{{ end -}}
{{- end }}

{{/*
How many pods of a Deployment hold connections at a time, at most: its highest count, one more that starts in a rollout, and those that
drain still. An old pod ends once a new one has been ready for minReadySeconds, so that its grace period overlaps with those of the next.
Never more than all old and all new ones. root, component, max, minReadySeconds.
*/}}
{{- define "ackline.podsAtOnce" -}}
{{- $grace := include "ackline.graceSeconds" . | int -}}
{{- $draining := div (add $grace .minReadySeconds) (add .minReadySeconds 1) | int -}}
{{- min (mul 2 .max) (add .max 1 $draining) -}}
{{- end }}

{{/* POOL_MAX of services/ingress/src/app.ts, for each process; a parent has one process more while it replaces one. */}}
{{- define "ackline.ingressPodConnections" -}}
{{- $processes := .Values.ingress.processes | int -}}
{{- mul 5 (ternary (add $processes 1) 1 (gt $processes 0)) -}}
{{- end }}

{{/* The pool, beside it CONNECTIONS_BESIDE_POOL of services/processor/src/connect-store.ts, and those of handlers. */}}
{{- define "ackline.processorPodConnections" -}}
{{- add .Values.processor.databasePool 2 (include "ackline.handlerConnections" . | int) -}}
{{- end }}

{{/* Destinations of type handler, as a YAML list. None where the chart does not see ackline.yaml. */}}
{{- define "ackline.handlers" -}}
{{- $handlers := list -}}
{{- range (.Values.config | default dict).destinations -}}
{{- if eq (toString .type) "handler" }}{{ $handlers = append $handlers . }}{{ end -}}
{{- end -}}
{{- $handlers | toYaml -}}
{{- end }}

{{/* Not empty: there are some, or an ackline.yaml that the chart does not see may have some. */}}
{{- define "ackline.mayHaveHandlers" -}}
{{- if or .Values.existingConfigMap (include "ackline.handlers" . | fromYamlArray) }}true{{ end -}}
{{- end }}

{{/* As handlerConnections of packages/shared/src/config/handler-connections.ts: twice, since threads that are replaced end beside those that replace them. */}}
{{- define "ackline.handlerConnections" -}}
{{- $sum := 0 -}}
{{- range include "ackline.handlers" . | fromYamlArray -}}
{{- $sum = add $sum (mul 2 (.threads | default 1 | int) (.connections | default 0 | int)) -}}
{{- end -}}
{{- $sum -}}
{{- end }}

{{/* Bytes that the processes of handlers may take in each processor: 64 MiB of its own, and what its threads may. */}}
{{- define "ackline.handlerMemory" -}}
{{- $sum := 0 -}}
{{- range include "ackline.handlers" . | fromYamlArray -}}
{{- $sum = add $sum 67108864 (mul (.threads | default 1 | int64) (include "ackline.bytes" (.memory | default "128MiB") | int64)) -}}
{{- end -}}
{{- $sum -}}
{{- end }}

{{- define "ackline.ingressConnections" -}}
{{- $max := include "ackline.ingressMaxReplicas" . | int -}}
{{- $pods := $max -}}
{{- $isDeployment := eq (include "ackline.ingressKind" .) "Deployment" -}}
{{- if $isDeployment -}}
{{- $pods = include "ackline.podsAtOnce" (dict "root" . "component" "ingress" "max" $max "minReadySeconds" (int .Values.ingress.minReadySeconds)) | int -}}
{{- end -}}
{{- /* A drain runs in place of its replica, or beside all of them where there is none; DRAIN_CONNECTIONS of packages/cli/src/commands/spool.ts.
Those that are reserved are for it first. */ -}}
{{- $drains := 0 -}}
{{- range include "ackline.drainedOrdinals" . | fromYamlArray }}{{ if or $isDeployment (ge (int .) $max) }}{{ $drains = add1 $drains }}{{ end }}{{ end -}}
{{- add (mul $pods (include "ackline.ingressPodConnections" . | int)) (max 0 (sub (mul $drains 2) (int .Values.database.reservedConnections))) -}}
{{- end }}

{{- define "ackline.processorConnections" -}}
{{- $max := include "ackline.processorMaxReplicas" . | int -}}
{{- $pods := include "ackline.podsAtOnce" (dict "root" . "component" "processor" "max" $max "minReadySeconds" (int .Values.processor.minReadySeconds)) | int -}}
{{- mul $pods (include "ackline.processorPodConnections" . | int) -}}
{{- end }}

{{/* READS_MAX and CHANGES_MAX of services/console/src/app.ts. */}}
{{- define "ackline.consoleConnections" -}}
{{- with .Values.console -}}
{{- if .enabled -}}
{{- mul 5 (include "ackline.podsAtOnce" (dict "root" $ "component" "console" "max" (int .replicas) "minReadySeconds" (int .minReadySeconds)) | int) -}}
{{- else -}}0{{- end -}}
{{- end -}}
{{- end }}

{{/* What pods of all components may ask PostgreSQL for. */}}
{{- define "ackline.podConnections" -}}
{{- add (include "ackline.ingressConnections" . | int) (include "ackline.processorConnections" . | int) (include "ackline.consoleConnections" . | int) -}}
{{- end }}

{{- define "ackline.ingressLeastReplicas" -}}
{{- with .Values.ingress }}{{ ternary .autoscaling.minReplicas .replicas .autoscaling.enabled | int }}{{ end -}}
{{- end }}

{{- define "ackline.processorLeastReplicas" -}}
{{- with .Values.processor }}{{ ternary .replicas .autoscaling.minReplicas (eq .autoscaling.mode "none") | int }}{{ end -}}
{{- end }}

{{/*
Numbers of the replicas whose volumes a CronJob looks after, as a YAML list: those that are listed, those that autoscaling may take away,
and those of volumes that are there though no replica has to be.
*/}}
{{- define "ackline.drainedOrdinals" -}}
{{- $ordinals := list -}}
{{- $isPersistent := .Values.ingress.spool.persistence.enabled -}}
{{- range .Values.ingress.spool.removedReplicas }}{{ $ordinals = append $ordinals (int .) }}{{ end -}}
{{- with .Values.ingress.autoscaling -}}
{{- if and .enabled $isPersistent }}{{ range untilStep (int .minReplicas) (int .maxReplicas) 1 }}{{ $ordinals = append $ordinals . }}{{ end }}{{ end -}}
{{- end -}}
{{- $kept := ternary (include "ackline.ingressLeastReplicas" . | int) 0 $isPersistent -}}
{{- range include "ackline.spoolVolumes" . | fromYamlArray }}{{ if ge (int .) $kept }}{{ $ordinals = append $ordinals (int .) }}{{ end }}{{ end -}}
{{- $ordinals | uniq | toYaml -}}
{{- end }}

{{/* Names of the volumes that are there though no replica can have them, as a YAML list. */}}
{{- define "ackline.drainedVolumes" -}}
{{- $names := list -}}
{{- $most := ternary (include "ackline.ingressMaxReplicas" . | int) 0 .Values.ingress.spool.persistence.enabled -}}
{{- range include "ackline.spoolVolumes" . | fromYamlArray }}{{ if ge (int .) $most }}{{ $names = append $names (printf "spool-%s-ingress-%v" (include "ackline.fullname" $) .) }}{{ end }}{{ end -}}
{{- $names | toYaml -}}
{{- end }}

{{/*
Numbers of the replicas that the cluster has volumes of, as a YAML list. None where helm does not ask a cluster: `helm template`, and so
Argo CD; removedReplicas is for these. The labels are those of the claim template.
*/}}
{{- define "ackline.spoolVolumes" -}}
{{- $ordinals := list -}}
{{- $labels := include "ackline.selectorLabels" (dict "root" . "component" "ingress") | fromYaml -}}
{{- $name := printf "^spool-%s-ingress-[0-9]+$" (include "ackline.fullname" . | regexQuoteMeta) -}}
{{- range (lookup "v1" "PersistentVolumeClaim" .Release.Namespace "").items -}}
{{- if and (regexMatch $name .metadata.name) (eq (get (.metadata.labels | default dict) "app.kubernetes.io/instance") (get $labels "app.kubernetes.io/instance")) }}{{ $ordinals = append $ordinals (regexFind "[0-9]+$" .metadata.name | int) }}{{ end -}}
{{- end -}}
{{- $ordinals | uniq | toYaml -}}
{{- end }}

{{/* Milliseconds of "10s": one number with ms, s, m, h or d. */}}
{{- define "ackline.milliseconds" -}}
{{- $factors := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- mul (regexFind "^[0-9]+" (toString .) | int64) (get $factors (regexReplaceAll "^[0-9]+" (toString .) "") | default 0) -}}
{{- end }}

{{/*
How long a request may take and still get its 200: the slowest body of a source (bodyTimeout.total), 2.5 s more for a large one, and
the logs' part. 8 s by default.
*/}}
{{- define "ackline.longestRequestMs" -}}
{{- $body := 5000 -}}
{{- range (.Values.config | default dict).sources -}}
{{- with dig "bodyTimeout" "total" "" . }}{{ $body = max $body (include "ackline.milliseconds" . | int64) }}{{ end -}}
{{- end -}}
{{- add $body 3000 -}}
{{- end }}

{{/* DRAIN_DEADLINE_MS by ATTEMPTS_DRAIN_PART of services/processor/src/app.ts: what a processor that ends gives to attempts in flight. */}}
{{- define "ackline.attemptsDrainSeconds" -}}12{{- end }}

{{/* Bytes of "1GiB" (ours), "1.5Gi", "2G", "2e9" or a number (Kubernetes'); 0 where it is none of them. */}}
{{- define "ackline.bytes" -}}
{{- if kindIs "string" . -}}
{{- $text := trimSuffix "B" . -}}
{{- $form := "^[0-9]+([.][0-9]+)?(e[0-9]+)?" -}}
{{- $factors := dict "" 1 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- mulf (regexFind $form $text | float64) (get $factors (regexReplaceAll $form $text "") | default 0 | float64) | int64 -}}
{{- else -}}
{{- int64 . -}}
{{- end -}}
{{- end }}
