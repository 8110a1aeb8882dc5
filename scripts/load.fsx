// What every script loads: the references of the newest build, Debug or Release, or else an error that says what to do.
#I "../SimCLR.FSharp/bin"
#I "unbuilt"
#load "newest.fsx"

/// The script's arguments.
let arguments = fsi.CommandLineArgs |> Array.toList |> List.tail

/// The same for a sweep whose script does nothing else, so that it may run several times at once: one process per core, unless --workers says otherwise.
let shared =
    if arguments |> List.exists (fun argument -> argument.StartsWith "--workers") then
        arguments
    else
        arguments @ [ "--workers"; "auto" ]
