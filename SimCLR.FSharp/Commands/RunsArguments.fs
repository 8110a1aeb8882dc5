namespace SimCLR

open Argu

[<RequireQualifiedAccess>]
type internal MigrateArgument =
    | [<MainCommand; Unique>] Folder of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Folder _ -> "the store, as --store names it (default: results/runs)."

[<RequireQualifiedAccess>]
type internal ListArgument =
    | Where of string
    | Sort of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Where _ ->
                "PATH=VALUE, or a number after >, <, >= or <=: only runs of which that is so, for example Loss.Temperature=0.1; quote > and <. "
                + "Names of figures serve too. May be given several times."
            | Sort _ -> "name of a figure, such as \"linear validation top-1\", or a path: largest first."

[<RequireQualifiedAccess>]
type internal ShowArgument =
    | [<MainCommand; ExactlyOnce>] Hash of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Hash _ -> "of a run or a training, or how it begins."

[<RequireQualifiedAccess>]
type internal DiffArgument =
    | [<MainCommand>] Hashes of string list

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Hashes _ ->
                "of two runs; none with --store twice, which compares two stores: exit code 0 where they hold the same figures, else 1."

[<RequireQualifiedAccess>]
type internal RemoveArgument =
    | [<MainCommand; ExactlyOnce>] Hashes of string list
    | Yes

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Hashes _ -> "of runs, or of trainings with all their runs, or how they begin."
            | Yes -> "do not ask."

[<RequireQualifiedAccess>]
type internal CleanArgument =
    | Failures
    | Checkpoints
    | Encoders
    | Damaged
    | Untrained
    | Yes

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Failures -> "trainings and measurements that failed: the next sweep that asks for them takes them again."
            | Checkpoints -> "checkpoints of what was interrupted: it begins anew."
            | Encoders -> "weights of finished trainings: a measurement that is asked for later trains again."
            | Damaged -> "files that were put aside as *.damaged."
            | Untrained -> "what was measured of untrained encoders that no training of the store begins with any more."
            | Yes -> "do not ask."

[<RequireQualifiedAccess>]
type internal ExportArgument =
    | [<MainCommand; ExactlyOnce>] File of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | File _ -> "the CSV file to write."

[<RequireQualifiedAccess>]
type internal RetryArgument =
    | [<MainCommand; ExactlyOnce>] Hashes of string list

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Hashes _ -> "of runs or trainings, or how they begin."

[<RequireQualifiedAccess>]
type internal ReportArgument =
    | [<MainCommand; ExactlyOnce>] Folder of string

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Folder _ -> "of a sweep's report, with its plan.json or sweep.json: results/NAME."

/// What ./simclr runs takes.
[<RequireQualifiedAccess>]
type internal RunsArgument =
    | [<Inherit>] Store of string
    | [<CliPrefix(CliPrefix.None)>] List of ParseResults<ListArgument>
    | [<CliPrefix(CliPrefix.None)>] Show of ParseResults<ShowArgument>
    | [<CliPrefix(CliPrefix.None)>] Diff of ParseResults<DiffArgument>
    | [<CliPrefix(CliPrefix.None)>] Rm of ParseResults<RemoveArgument>
    | [<CliPrefix(CliPrefix.None)>] Gc of ParseResults<CleanArgument>
    | [<CliPrefix(CliPrefix.None)>] Export of ParseResults<ExportArgument>
    | [<CliPrefix(CliPrefix.None)>] Retry of ParseResults<RetryArgument>
    | [<CliPrefix(CliPrefix.None)>] Report of ParseResults<ReportArgument>
    | [<CliPrefix(CliPrefix.None)>] Migrate of ParseResults<MigrateArgument>

    interface IArgParserTemplate with
        member argument.Usage =
            match argument with
            | Store _ -> "folder of the store (default: results/runs)."
            | List _ -> "list runs: hashes, the choices in which they differ, accuracies."
            | Show _ -> "show a run: its code, figures, failures, and what it was executed with."
            | Diff _ -> "compare two runs, or two stores."
            | Rm _ -> "delete runs."
            | Gc _ -> "delete what can be spared."
            | Export _ -> "write all runs into a CSV file, one to a line."
            | Report _ -> "make a sweep's report again, of what the store has of its runs now."
            | Retry _ -> "forget failures, so that the next sweep tries again."
            | Migrate _ -> "take a store of version 0.1 over."
