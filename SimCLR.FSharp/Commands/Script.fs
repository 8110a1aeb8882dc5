namespace SimCLR

open System

/// The script that this process runs: by F# Interactive, or compiled by the launcher.
[<RequireQualifiedAccess>]
module Script =

    /// The one that F# Interactive runs.
    let private interpreted () =
        Environment.GetCommandLineArgs()
        |> Array.tryFind (fun argument -> argument.EndsWith ".fsx")

    let private isCompiled () =
        (interpreted ()).IsNone
        && not (String.IsNullOrEmpty(Environment.GetEnvironmentVariable "SIMCLR_SCRIPT"))

    /// Its path, as it was started; None in a program.
    let internal path () =
        if isCompiled () then
            Option.ofObj (Environment.GetEnvironmentVariable "SIMCLR_SCRIPT")
        else
            interpreted ()

    /// A compiled script ends with an error as one in F# Interactive does.
    let private failed (arguments: UnhandledExceptionEventArgs) =
        let error =
            match arguments.ExceptionObject with
            | :? TypeInitializationException as error when not (isNull error.InnerException) -> box error.InnerException
            | error -> error

        eprintfn $"{error}"
        Environment.Exit 1

    /// What scripts that load references.fsx begin with: numbers are written in one way everywhere, values show themselves where there is a prompt or
    /// a notebook, errors end a compiled script with what they say.
    let start () =
        Culture.useInvariant ()

        if isCompiled () then
            AppDomain.CurrentDomain.UnhandledException.Add failed
        else
            Display.register ()
