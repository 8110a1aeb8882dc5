/// Standard output and error as Spectre.Console writes to them.
module internal SimCLR.Terminal

open System
open System.IO
open Spectre.Console

let private on (writer: TextWriter) =
    AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput writer))

let output () = on Console.Out
let error () = on Console.Error

/// Whether somebody looks at it, and it can move its cursor: not a file, a pipe, a CI's log or a terminal that is called dumb.
let isLive (console: IAnsiConsole) =
    let profile = console.Profile

    profile.Out.IsTerminal
    && profile.Capabilities.Ansi
    && profile.Capabilities.Interactive
