namespace SimCLR

open System
open System.Diagnostics
open System.Reflection
open System.Runtime.InteropServices
open SimCLR.Core.Runtime
open SimCLR.Core.Training
open TorchSharp

/// A part of a training that was computed under one setting.
type Segment =
    {
        /// Steps done when it began.
        FromStep: int64
        /// By name: device, precision, threads, libtorch, commit, machine, ...
        Setting: Map<string, string>
    }

/// What a training or a measurement was executed with; it changes no run's value.
type Provenance =
    {
        /// Of the sources that this library was built from; "dirty" follows where they were not those of the commit.
        Commit: string
        Versions: string
        Device: string
        Threads: int
        Precision: string
        Machine: string
        Energy: Energy
        /// Fingerprint of the images where they are a folder's.
        ImagesFingerprint: string option
        /// The file that the encoder began with, and SHA-256 of its content; None: its weights were drawn.
        InitialWeights: string option
        Date: DateTimeOffset
        /// Which networks of the method were kept and measured: "online", which the optimizer moves, or "target", which follow them.
        [<Neutral "\"online\"">]
        Network: string
        /// Processes that trained it together; a measurement is taken by one.
        [<Neutral "1">]
        Ranks: int
        /// Of a training that was interrupted and taken up: under which settings it was computed, in order. None where there was one.
        [<Neutral "[]">]
        Segments: Segment list
        /// Commit of the folder that the script was started in, as of Commit: the researcher's own repository, where she has one.
        [<Neutral "\"unknown\"">]
        ScriptCommit: string
        /// Which sources registered the custom components that computed it.
        [<Neutral "[]">]
        Custom: CustomSource list
    }

[<RequireQualifiedAccess>]
module internal Provenance =

    let private git (arguments: string) =
        try
            let start =
                ProcessStartInfo("git", arguments, RedirectStandardOutput = true, RedirectStandardError = true)

            use git = Process.Start start
            let text = git.StandardOutput.ReadToEnd().Trim()
            git.WaitForExit()
            if git.ExitCode = 0 then Some text else None
        with :? ComponentModel.Win32Exception ->
            None

    let private scriptCommit =
        lazy
            (match git "rev-parse HEAD", git "status --porcelain" with
             | Some commit, Some "" -> commit
             | Some commit, _ -> $"{commit}, dirty"
             | None, _ -> "unknown")

    /// Version and commit that a build wrote into an informational version: VERSION+COMMIT, or VERSION+COMMIT.dirty.
    let ofBuild (informational: string) =
        match informational.Split '+' with
        | [| version; commit |] when commit.EndsWith ".dirty" -> version, commit.Replace(".dirty", ", dirty")
        | [| version; commit |] -> version, commit
        | _ -> informational, "unknown"

    let private version, private commit =
        let attribute =
            typeof<Provenance>.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()

        ofBuild attribute.InformationalVersion

    let private machine () =
        let gpus = Gpu.Models |> Seq.map (fun model -> $", {model}") |> String.concat ""
        // Other convolutions than elsewhere: other last bits.
        let oneDnn =
            if LibTorch.Load().LeavesOneDnnOut then
                " without oneDNN"
            else
                ""

        $"{Processor.Name}{oneDnn}, {Environment.ProcessorCount} logical cores{gpus}, {RuntimeInformation.OSDescription}"

    let private versions () =
        $"SimCLR.Research {version}, TorchSharp {typeof<torch>.Assembly.GetName().Version}, .NET {Environment.Version}"

    /// What is recorded of this process in every checkpoint, with the sources of the custom components that it is of.
    let setting (sources: CustomSource list) =
        readOnlyDict
            [
                "commit", commit
                "script", scriptCommit.Value
                "versions", versions ()
                "machine", machine ()
                for source in sources do
                    $"{source.Kind} {source.Name} {source.Version}", $"{source.File}, {source.Sha256}"
            ]

    /// Of a training or a measurement that has ended.
    let gather device (precision: Precision) (meter: EnergyMeter) sources (segments: TrainingSegment seq) : Provenance =
        {
            Commit = commit
            Versions = versions ()
            Device = string device
            Threads = torch.get_num_threads ()
            Precision =
                string (Autocast.Resolve(precision, device))
                + (if DeterministicAlgorithms.AreRequired then
                       ", deterministic algorithms"
                   else
                       "")
            Machine = machine ()
            Energy = meter.Energy
            ImagesFingerprint = None
            InitialWeights = None
            Date = DateTimeOffset.Now
            Network = "online"
            Custom = sources
            Ranks = 1
            Segments =
                match List.ofSeq segments with
                | []
                | [ _ ] -> []
                | several ->
                    [
                        for segment in several ->
                            {
                                FromStep = segment.FromStep
                                Setting = Map [ for setting in segment.Setting -> setting.Key, setting.Value ]
                            }
                    ]
            ScriptCommit = scriptCommit.Value
        }
