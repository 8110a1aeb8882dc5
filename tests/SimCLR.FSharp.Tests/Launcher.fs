/// Runs ./simclr as a user would, in an empty folder.
module SimCLR.Tests.Launcher

open System
open System.Collections.Concurrent
open System.Diagnostics
open System.IO
open System.Threading.Tasks
open Xunit

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
        /// The lines of its errors so far.
        Heard: ConcurrentQueue<string>
    }

/// Starts any program with variables of the environment changed.
let startProgram (program: string) (environment: (string * string) list) (folder: string) (arguments: string list) =
    let start =
        ProcessStartInfo(
            program,
            arguments,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    for name, value in environment do
        start.Environment[name] <- value

    let launcher = Process.Start start
    let heard = ConcurrentQueue<string>()

    let listen () =
        task {
            let mutable line = launcher.StandardError.ReadLine()

            while not (isNull line) do
                heard.Enqueue line
                line <- launcher.StandardError.ReadLine()

            return String.Join("\n", heard)
        }

    {
        Process = launcher
        Output = launcher.StandardOutput.ReadToEndAsync()
        Errors = Task.Run<string>(listen)
        Heard = heard
    }

/// Starts the launcher with variables of the environment changed.
let startWith environment folder arguments =
    startProgram (Path.Combine(root, "simclr")) environment folder arguments

let start folder arguments = startWith [] folder arguments

/// Waits until a line of its errors holds that text; false if it ends before.
let hears (text: string) started =
    let heard () =
        started.Heard |> Seq.exists _.Contains(text)

    while not (heard () || started.Errors.IsCompleted) do
        Threading.Thread.Sleep 5

    heard ()

/// Skips the test, visibly, where Ctrl-C is ignored: what is started in the background by a shell without job control does so, and so does all that it starts.
let needCtrlC () =
    let ignores =
        File.ReadLines "/proc/self/status"
        |> Seq.filter _.StartsWith("SigIgn:")
        |> Seq.exists (fun line -> Convert.ToUInt64(line.Substring(7).Trim(), 16) &&& 2UL <> 0UL)

    Assert.SkipWhen(ignores, "SIGINT is ignored here: the tests were started in the background")

/// Sends it a signal: "INT" is what Ctrl-C sends.
let signal (name: string) started =
    use kill = Process.Start("bash", [ "-c"; $"kill -{name} {started.Process.Id}" ])
    kill.WaitForExit()

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
