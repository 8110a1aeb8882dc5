/// Manifests for Kubernetes, read strictly by the models of its client: a field that is not there, or of another kind, is an error.
module SimCLR.Tests.KubernetesJobTests

open System
open System.Collections.Generic
open System.IO
open k8s
open k8s.Models
open SimCLR
open Xunit

let private root = Launcher.root

let private job: ClusterJob =
    {
        Name = "simclr-temperature"
        Script = Path.Combine(root, "scripts", "temperature.fsx")
        Arguments = [ "--epochs"; "4"; "--where"; "it's $HERE" ]
        Tasks = 16
        AtOnce = Some 4
        Ranks = 1
        Gpus = 1
        Cpus = Some 8
        Memory = Some "32Gi"
    }

let private settings: KubernetesJob.Settings =
    {
        Image = "lab/simclr:0.2"
        Claim = "shared"
        Queue = None
        Grace = 90
    }

let private command =
    [
        "/simclr/simclr"
        "run"
        "/simclr/scripts/temperature.fsx"
        "--epochs"
        "4"
        "--where"
        "it's $HERE"
    ]

let private read<'T> (text: string) =
    KubernetesYaml.Deserialize<'T>(text, true)

[<Fact>]
let ``Tasks are an Indexed Job whose pods share the store, retry by themselves and have time for a checkpoint`` () =
    let read = KubernetesJob.text root job settings |> read<V1Job>
    Assert.Equal(("batch/v1", "Job", job.Name), (read.ApiVersion, read.Kind, read.Metadata.Name))
    let spec = read.Spec
    Assert.Equal("Indexed", spec.CompletionMode)
    Assert.Equal((16, 4, 2), (spec.Completions.Value, spec.Parallelism.Value, spec.BackoffLimitPerIndex.Value))
    Assert.False spec.Suspend.HasValue
    let pod = spec.Template.Spec
    // Both are what backoffLimitPerIndex and podFailurePolicy want.
    Assert.Equal("Never", pod.RestartPolicy)
    Assert.Equal(90L, pod.TerminationGracePeriodSeconds.Value)
    let container = Assert.Single pod.Containers
    Assert.Equal<string list>(command, List.ofSeq container.Command)
    Assert.Equal(("lab/simclr:0.2", "/work"), (container.Image, container.WorkingDir))
    Assert.Equal("kubernetes", (Assert.Single container.Env).Value)
    Assert.Equal("1", string container.Resources.Limits["nvidia.com/gpu"])
    Assert.Equal("32Gi", string container.Resources.Limits["memory"])
    Assert.Equal("8", string container.Resources.Limits["cpu"])
    Assert.Equal("/work", (Assert.Single container.VolumeMounts).MountPath)
    Assert.Equal("shared", (Assert.Single pod.Volumes).PersistentVolumeClaim.ClaimName)

[<Fact>]
let ``An evicted pod costs no retry, a run that failed none, and wrong arguments end the job`` () =
    let rules =
        (KubernetesJob.text root job settings |> read<V1Job>).Spec.PodFailurePolicy.Rules

    let evicted = rules[0]
    Assert.Equal("Ignore", evicted.Action)
    let condition = Assert.Single evicted.OnPodConditions
    Assert.Equal(("DisruptionTarget", "True"), (condition.Type, condition.Status))

    let byCode =
        [
            for rule in Seq.skip 1 rules -> rule.Action, List.ofSeq rule.OnExitCodes.Values
        ]

    Assert.Equal<(string * Nullable<int> list) list>(
        [ "FailJob", [ Nullable 2 ]; "FailIndex", [ Nullable 1 ] ],
        byCode
        |> List.map (fun (action, codes) -> action, codes |> List.map (fun code -> Nullable(int code)))
    )

    Assert.All(
        Seq.skip 1 rules,
        fun rule -> Assert.Equal(("run", "In"), (rule.OnExitCodes.ContainerName, rule.OnExitCodes.OperatorProperty))
    )

[<Fact>]
let ``Kueue finds its queue, and the job suspended until it is admitted`` () =
    let read =
        KubernetesJob.text
            root
            job
            { settings with
                Queue = Some "research"
            }
        |> read<V1Job>

    Assert.Equal("research", read.Metadata.Labels["kueue.x-k8s.io/queue-name"])
    Assert.True read.Spec.Suspend.Value

/// kubeflow.org/v2beta1, of which the client has no model.
[<AllowNullLiteral>]
type Replica() =
    member val Replicas = 0 with get, set
    member val RestartPolicy = "" with get, set
    member val Template: V1PodTemplateSpec = null with get, set

type RunPolicy() =
    member val CleanPodPolicy = "" with get, set
    member val TtlSecondsAfterFinished = Nullable<int>() with get, set
    member val ActiveDeadlineSeconds = Nullable<int64>() with get, set
    member val BackoffLimit = Nullable<int>() with get, set
    member val Suspend = Nullable<bool>() with get, set

type MpiJobSpec() =
    member val SlotsPerWorker = 0 with get, set
    member val RunLauncherAsWorker = Nullable<bool>() with get, set
    member val SshAuthMountPath = "" with get, set
    member val LauncherCreationPolicy = "" with get, set
    member val MpiImplementation = "" with get, set
    member val RunPolicy = RunPolicy() with get, set
    member val MpiReplicaSpecs = Dictionary<string, Replica>() with get, set

type MpiJob() =
    member val ApiVersion = "" with get, set
    member val Kind = "" with get, set
    member val Metadata: V1ObjectMeta = null with get, set
    member val Spec = MpiJobSpec() with get, set

[<Fact>]
let ``Tasks of several ranks are an MPIJob each, whose launcher passes the word to write a checkpoint on`` () =
    let texts =
        (KubernetesJob.text
            root
            { job with
                Ranks = 4
                Tasks = 2
                AtOnce = None
            }
            { settings with
                Queue = Some "research"
            })
            .Split("---\n")

    Assert.Equal(2, texts.Length)

    for number, text in Array.indexed texts do
        let read = read<MpiJob> text
        Assert.Equal(("kubeflow.org/v2beta1", "MPIJob"), (read.ApiVersion, read.Kind))
        Assert.Equal($"simclr-temperature-{number}", read.Metadata.Name)
        Assert.Equal("research", read.Metadata.Labels["kueue.x-k8s.io/queue-name"])
        Assert.Equal((1, "OpenMPI"), (read.Spec.SlotsPerWorker, read.Spec.MpiImplementation))

        let launcher, worker =
            read.Spec.MpiReplicaSpecs["Launcher"], read.Spec.MpiReplicaSpecs["Worker"]

        Assert.Equal((1, 4), (launcher.Replicas, worker.Replicas))
        let launching = Assert.Single launcher.Template.Spec.Containers
        Assert.Equal<string list>([ "bash"; "-c" ], launching.Command |> Seq.truncate 2 |> List.ofSeq)
        Assert.Contains("mpirun -n 4 -x SIMCLR_TASK ", launching.Command[2])
        Assert.Contains("kill -USR2 $sweep' TERM", launching.Command[2])
        Assert.EndsWith("exit $code", launching.Command[2])
        Assert.Contains(ClusterJob.words command, launching.Command[2])
        let rank = Assert.Single worker.Template.Spec.Containers
        Assert.Equal<string list>([ "/usr/sbin/sshd"; "-De" ], List.ofSeq rank.Command)
        Assert.Equal("1", string rank.Resources.Limits["nvidia.com/gpu"])
        Assert.Equal(90L, launcher.Template.Spec.TerminationGracePeriodSeconds.Value)

[<Fact>]
let ``The models see what is not theirs`` () =
    let wrong (before: string) (after: string) =
        let text = (KubernetesJob.text root job settings).Replace(before, after)
        Assert.ThrowsAny<Exception>(fun () -> read<V1Job> text |> ignore) |> ignore

    wrong "completionMode" "completionMood"
    wrong "backoffLimitPerIndex: 2" "backoffLimitPerIndex: two"
    wrong "mountPath" "mountPoint"

[<Fact>]
let ``What is wrong is said before anything is printed`` () =
    let problem job settings =
        Assert.Single(KubernetesJob.problems root job settings)

    Assert.Empty(KubernetesJob.problems root job settings)
    Assert.Contains("--image is ''", problem job { settings with Image = "" })
    Assert.Contains("--claim is 'my claim'", problem job { settings with Claim = "my claim" })
    Assert.Contains("--grace is 0", problem job { settings with Grace = 0 })
    Assert.Contains("is not in", problem { job with Script = "/tmp/mine.fsx" } settings)
    Assert.Contains("leave %M out", problem { job with Ranks = 2 } settings)
