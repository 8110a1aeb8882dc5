namespace SimCLR

open Argu

/// What ./simclr cluster slurm takes, beside a script and its arguments.
[<RequireQualifiedAccess>]
type internal SlurmArgument =
    | [<EqualsAssignmentOrSpaced>] Partition of string
    | [<EqualsAssignmentOrSpaced>] Time of string
    | [<EqualsAssignmentOrSpaced>] Array of string
    | [<EqualsAssignmentOrSpaced>] Gpus of int
    | [<EqualsAssignmentOrSpaced>] Ranks of int
    | [<EqualsAssignmentOrSpaced>] Mpi of string
    | [<EqualsAssignmentOrSpaced>] Cpus of int
    | [<EqualsAssignmentOrSpaced>] Memory of string
    | [<EqualsAssignmentOrSpaced>] Notice of int
    | [<EqualsAssignmentOrSpaced>] Name of string
    | [<EqualsAssignmentOrSpaced>] Setup of string
    | [<EqualsAssignmentOrSpaced>] Option of string
    | Dry_Run

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Partition _ -> "Slurm's partition (default: the cluster's)."
            | Time _ ->
                "time limit of a task: MINUTES, HH:MM:SS or DAYS-HH:MM:SS. What is not done by then goes on in the same task, queued again."
            | Array _ -> "tasks that share the runs out; 16%4: at most four of them at once (default: 1)."
            | Gpus _ -> "GPUs of every process (default: 0)."
            | Ranks _ -> "processes that compute each run together, by MPI (default: 1)."
            | Mpi _ -> "start the ranks with srun --mpi=TYPE, for example pmix (default: mpirun)."
            | Cpus _ -> "cores of every process."
            | Memory _ -> "memory of every task's node, for example 32G."
            | Notice _ ->
                "seconds before the time limit at which a task writes its checkpoint and is queued again (default: 120)."
            | Name _ -> "name of the job (default: the script's)."
            | Setup _ -> "a line of bash to run first, for example \"module load cuda\". May be given several times."
            | Option _ -> "a further option of sbatch, for example --option=--account=lab. May be given several times."
            | Dry_Run -> "print the job file, and submit nothing."

/// What ./simclr cluster kubernetes takes, beside a script and its arguments.
[<RequireQualifiedAccess>]
type internal KubernetesArgument =
    | [<EqualsAssignmentOrSpaced>] Image of string
    | [<EqualsAssignmentOrSpaced>] Claim of string
    | [<EqualsAssignmentOrSpaced>] Array of string
    | [<EqualsAssignmentOrSpaced>] Gpus of int
    | [<EqualsAssignmentOrSpaced>] Ranks of int
    | [<EqualsAssignmentOrSpaced>] Cpus of int
    | [<EqualsAssignmentOrSpaced>] Memory of string
    | [<EqualsAssignmentOrSpaced>] Queue of string
    | [<EqualsAssignmentOrSpaced>] Grace of int
    | [<EqualsAssignmentOrSpaced>] Name of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Image _ -> "the container's image, with this project in /simclr (see Containerfile)."
            | Claim _ ->
                "PersistentVolumeClaim that all pods may write (ReadWriteMany): their current folder, with the store in results/runs."
            | Array _ -> "pods that share the runs out; 16%4: at most four of them at once (default: 1)."
            | Gpus _ -> "GPUs of every process (default: 0)."
            | Ranks _ ->
                "processes that compute each run together, each in a pod: an MPIJob of Kubeflow for every task (default: 1)."
            | Cpus _ -> "cores of every process."
            | Memory _ -> "memory of every process, for example 32Gi."
            | Queue _ -> "Kueue's LocalQueue that admits the job."
            | Grace _ -> "seconds that a pod has for its checkpoint when it is to go (default: 120)."
            | Name _ -> "name of the job (default: the script's)."

/// What ./simclr cluster status takes.
[<RequireQualifiedAccess>]
type internal StatusArgument =
    | [<MainCommand; Unique>] Sweeps of string list
    | [<EqualsAssignmentOrSpaced>] Store of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Sweeps _ -> "folders of sweeps, such as results/temperature (default: all beside the store)."
            | Store _ -> "folder of the store (default: results/runs)."
