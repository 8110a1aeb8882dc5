/// Runs ./simclr as a user would, in an empty folder.
module SimCLR.Tests.Launcher

open System
open System.Diagnostics
open System.IO
open System.Threading.Tasks

/// The folder of the solution.
let root =
    let rec up (folder: DirectoryInfo) =
        if File.Exists(Path.Combine(folder.FullName, "SimCLR.Research.sln")) then
            folder.FullName
        else
            up (folder.Parent)

    up (DirectoryInfo AppContext.BaseDirectory)

/// A launcher that is running, and what it says.
type Started =
    {
        Process: Process
        Output: Task<string>
        Errors: Task<string>
    }

let start (folder: string) (arguments: string list) =
    let start =
        ProcessStartInfo(
            Path.Combine(root, "simclr"),
            arguments,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    let launcher = Process.Start start

    {
        Process = launcher
        Output = launcher.StandardOutput.ReadToEndAsync()
        Errors = launcher.StandardError.ReadToEndAsync()
    }

/// Waits; exit code, output, errors.
let finish (started: Started) =
    use launcher = started.Process
    launcher.WaitForExit()
    launcher.ExitCode, started.Output.Result, started.Errors.Result

/// Runs to the end; exit code, output, errors.
let run folder arguments = start folder arguments |> finish

let inFolder test =
    let folder = Directory.CreateTempSubdirectory "simclr-user-"

    try
        test folder.FullName
    finally
        folder.Delete true
