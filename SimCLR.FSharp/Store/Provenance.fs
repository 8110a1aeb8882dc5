namespace SimCLR

open System
open System.Diagnostics
open System.Runtime.InteropServices
open SimCLR.Core.Runtime
open TorchSharp

/// What a run was executed with; it changes no run's value.
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
        Date: DateTimeOffset
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

    /// Of a run that has ended.
    let gather device (precision: Precision) (meter: EnergyMeter) : Provenance =
        let version (kind: Type) =
            kind.Assembly.GetName().Version |> string

        {
            Commit = commit.Value
            Versions =
                $"SimCLR.Research {version typeof<Provenance>}, TorchSharp {version typeof<torch>}, .NET {Environment.Version}"
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
            Date = DateTimeOffset.Now
        }
