namespace SimCLR

open System
open System.Diagnostics
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
        /// Of the folder that the script was started in; "dirty" follows where files differed from it.
        Commit: string
        Versions: string
        Device: string
        Threads: int
        Precision: string
        Machine: string
        Energy: Energy
        /// Fingerprint of the images where they are a folder's.
        ImagesFingerprint: string option
        Date: DateTimeOffset
        /// Which networks of the method were kept and measured: "online", which the optimizer moves, or "target", which follow them.
        [<Neutral "\"online\"">]
        Network: string
        /// Of a training that was interrupted and taken up: under which settings it was computed, in order. None where there was one.
        [<Neutral "[]">]
        Segments: Segment list
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

    let private commit =
        lazy
            (match git "rev-parse HEAD", git "status --porcelain" with
             | Some commit, Some "" -> commit
             | Some commit, _ -> $"{commit}, dirty"
             | None, _ -> "unknown")

    let private machine () =
        let gpus = Gpu.Models |> Seq.map (fun model -> $", {model}") |> String.concat ""
        $"{Processor.Name}, {Environment.ProcessorCount} logical cores{gpus}, {RuntimeInformation.OSDescription}"

    let private versions () =
        let version (kind: Type) =
            kind.Assembly.GetName().Version |> string

        $"SimCLR.Research {version typeof<Provenance>}, TorchSharp {version typeof<torch>}, .NET {Environment.Version}"

    /// What is recorded of this process in every checkpoint.
    let setting () =
        readOnlyDict [ "commit", commit.Value; "versions", versions (); "machine", machine () ]

    /// Of a training or a measurement that has ended.
    let gather device (precision: Precision) (meter: EnergyMeter) (segments: TrainingSegment seq) : Provenance =
        {
            Commit = commit.Value
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
            Date = DateTimeOffset.Now
            Network = "online"
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
        }
