// What every script loads: the references of the newest build, Debug or Release, or else an error that says what to do.
#I "../SimCLR.FSharp/bin"
#I "unbuilt"
#load "newest.fsx"

/// The script's arguments.
let arguments = fsi.CommandLineArgs |> Array.toList |> List.tail
