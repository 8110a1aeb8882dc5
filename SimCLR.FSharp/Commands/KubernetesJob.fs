/// Manifests for Kubernetes.
module internal SimCLR.KubernetesJob

open System
open System.Collections.Generic
open System.IO
open YamlDotNet.Serialization

/// What only Kubernetes asks.
type Settings =
    {
        Image: string
        Claim: string
        Queue: string option
        /// Seconds between TERM and KILL.
        Grace: int
    }

/// Where the image has this project, and where pods have the claim.
let private project, work = "/simclr", "/work"

let private map (entries: (string * obj) list) =
    let made = Dictionary<string, obj>()

    for name, value in entries do
        made.Add(name, value)

    box made

let private list (items: obj list) = box (List<obj> items)
let private words (texts: string list) = texts |> List.map box |> list

let private named name value =
    map [ "name", box name; "value", box value ]

/// All that is wrong with it. The script is looked for where the image has it.
let problems (root: string) (job: ClusterJob) (settings: Settings) =
    [
        yield! Check.between "--grace" 1 86_400 settings.Grace

        for name, value in [ "--image", settings.Image; "--claim", settings.Claim ] do
            if String.IsNullOrWhiteSpace value || value.Contains ' ' then
                $"{name} is '{value}'; name one, without spaces."

        if job.Ranks > 1 && job.AtOnce.IsSome then
            "--array N%M says how many tasks run at once, which an MPIJob for every task does not know: leave %M out, and limit them by --queue."

        let relative = Path.GetRelativePath(root, Path.GetFullPath job.Script)

        if relative.StartsWith ".." then
            $"{job.Script} is not in {root}, which the image is made of; put it there, into scripts, for example."
    ]

let private inImage (root: string) (path: string) =
    project
    + "/"
    + Path.GetRelativePath(root, Path.GetFullPath path).Replace('\\', '/')

let private command root (job: ClusterJob) =
    $"{project}/simclr" :: "run" :: inImage root job.Script :: job.Arguments

/// A container for that command.
let private container (job: ClusterJob) (settings: Settings) name gpus (command: obj list) =
    let resources =
        [
            yield! job.Cpus |> Option.map (fun cpus -> "cpu", box (string cpus)) |> Option.toList
            yield! job.Memory |> Option.map (fun memory -> "memory", box memory) |> Option.toList
            if gpus > 0 then
                "nvidia.com/gpu", box (string gpus)
        ]

    map
        [
            "name", box name
            "image", box settings.Image
            "workingDir", box work
            "command", list command
            "env",
            list
                [
                    named Workers.TaskVariable "kubernetes"
                    if job.Ranks > 1 then
                        named "OMPI_ALLOW_RUN_AS_ROOT" "1"
                        named "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM" "1"
                ]
            if not resources.IsEmpty then
                "resources", map [ "limits", map resources ]
            "volumeMounts", list [ map [ "name", box "work"; "mountPath", box work ] ]
        ]

let private template (settings: Settings) (labels: obj) container =
    map
        [
            "metadata", map [ "labels", labels ]
            "spec",
            map
                [
                    "restartPolicy", box "Never"
                    "terminationGracePeriodSeconds", box settings.Grace
                    "containers", list [ container ]
                    "volumes",
                    list
                        [
                            map
                                [
                                    "name", box "work"
                                    "persistentVolumeClaim", map [ "claimName", box settings.Claim ]
                                ]
                        ]
                ]
        ]

let private ours (job: ClusterJob) =
    [
        "app.kubernetes.io/name", box "simclr"
        "app.kubernetes.io/instance", box job.Name
    ]

let private metadata name (job: ClusterJob) (settings: Settings) =
    map
        [
            "name", box name
            "labels",
            map
                [
                    yield! ours job
                    yield!
                        settings.Queue
                        |> Option.map (fun queue -> "kueue.x-k8s.io/queue-name", box queue)
                        |> Option.toList
                ]
        ]

/// A task that is evicted, or fails for want of memory or its GPU, begins again. One whose runs failed by themselves does not, and wrong arguments are
/// wrong for all.
let private failurePolicy =
    let onCode (action: string) (code: int) =
        map
            [
                "action", box action
                "onExitCodes",
                map
                    [
                        "containerName", box "run"
                        "operator", box "In"
                        "values", list [ box code ]
                    ]
            ]

    map
        [
            "rules",
            list
                [
                    map
                        [
                            "action", box "Ignore"
                            "onPodConditions", list [ map [ "type", box "DisruptionTarget"; "status", box "True" ] ]
                        ]
                    onCode "FailJob" 2
                    onCode "FailIndex" 1
                ]
        ]

/// All tasks as one Indexed Job.
let private indexed root (job: ClusterJob) (settings: Settings) =
    let run = command root job |> List.map box |> container job settings "run" job.Gpus

    map
        [
            "apiVersion", box "batch/v1"
            "kind", box "Job"
            "metadata", metadata job.Name job settings
            "spec",
            map
                [
                    // Kueue begins it.
                    if settings.Queue.IsSome then
                        "suspend", box true
                    "completionMode", box "Indexed"
                    "completions", box job.Tasks
                    "parallelism", box (Option.defaultValue job.Tasks job.AtOnce)
                    "backoffLimitPerIndex", box 2
                    "podFailurePolicy", failurePolicy
                    "template", template settings (map (ours job)) run
                ]
        ]

/// A task of several ranks: the launcher starts them in the other pods. mpirun ends its processes at once after TERM, and passes USR2 on.
let private mpiJob root (job: ClusterJob) (settings: Settings) number =
    // Variables of the pods do not come through SSH.
    let ranks =
        ClusterJob.byMpirun [ "-x"; Workers.TaskVariable ] job (command root job)

    let start =
        $"trap 'told=1; kill -USR2 $sweep' TERM; {ClusterJob.words ranks} & sweep=$!; wait $sweep; code=$?; "
        + "while [ -n \"$told\" ] && kill -0 $sweep 2>/dev/null; do wait $sweep; code=$?; done; exit $code"

    let replica count container =
        map
            [
                "replicas", box count
                "restartPolicy", box "Never"
                "template", template settings (map (ours job)) container
            ]

    let launcher =
        container { job with Cpus = None; Memory = None } settings "run" 0 [ box "bash"; box "-c"; box start ]

    let worker =
        container job settings "rank" job.Gpus [ box "/usr/sbin/sshd"; box "-De" ]

    map
        [
            "apiVersion", box "kubeflow.org/v2beta1"
            "kind", box "MPIJob"
            "metadata", metadata (if job.Tasks = 1 then job.Name else $"{job.Name}-{number}") job settings
            "spec",
            map
                [
                    "slotsPerWorker", box 1
                    "mpiImplementation", box "OpenMPI"
                    "runPolicy",
                    map
                        [
                            "cleanPodPolicy", box "Running"
                            "backoffLimit", box 6
                            if settings.Queue.IsSome then
                                "suspend", box true
                        ]
                    "mpiReplicaSpecs", map [ "Launcher", replica 1 launcher; "Worker", replica job.Ranks worker ]
                ]
        ]

/// What kubectl apply -f - takes: an Indexed Job, or an MPIJob for every task of several ranks.
let text (root: string) (job: ClusterJob) (settings: Settings) =
    let serializer = SerializerBuilder().WithQuotingNecessaryStrings().Build()

    let documents =
        if job.Ranks = 1 then
            [ indexed root job settings ]
        else
            [ for number in 0 .. job.Tasks - 1 -> mpiJob root job settings number ]

    documents
    |> List.map (fun document -> serializer.Serialize(document).TrimEnd() + "\n")
    |> String.concat "---\n"
