/// What of a sweep is seen on a terminal, and what in a file.
module SimCLR.Tests.ConsoleProgressTests

open System
open System.IO
open System.Text.RegularExpressions
open System.Threading
open SimCLR
open SimCLR.Tests
open Spectre.Console
open Xunit

let private grid =
    Grid.from Run.shapes |> Grid.vary "temperature" Run.withTemperature [ 0.1; 0.5 ]

let private stage step : Stage =
    {
        Of = ""
        Point =
            {
                Step = step
                Epoch = float step / 10.0
                LearningRate = 0.1
                ImagesPerSecond = 640.0
                Figures = Map [ "loss", 2.5 ]
                Time = 0.0
            }
        TotalSteps = 100L
        Remaining = TimeSpan.FromSeconds 83.0
    }

let private ended stored (cell: Cell) =
    Event.Ended
        {
            Cell = cell
            Result = Ok(Samples.plainOutcome 0.5)
            Stored = stored
        }

let private cells = grid.Cells

/// Two runs at once, as two workers have them, and then the end.
let private two =
    [
        Event.Planned cells
        Event.Began(1, 2, cells[0])
        Event.Began(2, 2, cells[1])
        Event.Stepped(cells[0].Run, stage 10L)
        Event.Stepped(cells[1].Run, stage 30L)
        Event.Stepped(cells[0].Run, stage 60L)
    ]

let private console (interactive: bool) (text: TextWriter) =
    let console =
        AnsiConsole.Create(
            AnsiConsoleSettings(
                Ansi = AnsiSupport.Yes,
                Interactive =
                    (if interactive then
                         InteractionSupport.Yes
                     else
                         InteractionSupport.No),
                Out = AnsiConsoleOutput text
            )
        )

    console.Profile.Width <- 120
    console

[<Fact>]
let Where_there_is_no_terminal_lines_tell_quarters_and_ends () =
    use text = new StringWriter()
    // A writer is no terminal, whatever it can show.
    let observer = ConsoleProgress.on (lazy console true text) text

    two @ [ ended false cells[1]; Event.Noted "A word."; Event.Finished ]
    |> List.iter observer

    Assert.Equal<string list>(
        [
            "[2/2] temperature 0.5   25 %  epoch   3.0  loss 2.500  640 images/s  ETA 1:23"
            "[1/2] temperature 0.1   50 %  epoch   6.0  loss 2.500  640 images/s  ETA 1:23"
            "[2/2] temperature 0.5  linear 50.0 % (untrained 25.0 %)  k-NN 45.0 %  loss 0.333  4,200 images/s  12 s"
            "A word."
        ],
        text.ToString().TrimEnd().Split Environment.NewLine |> List.ofArray
    )

/// A writer that says it is a terminal, as Console.Error does.
type private Screen(text: TextWriter) =
    interface IAnsiConsoleOutput with
        member _.Writer = text
        member _.IsTerminal = true
        member _.Width = 120
        member _.Height = 40
        member _.SetEncoding _ = ()

[<Fact>]
let A_terminal_shows_a_bar_for_every_run_at_once_and_one_for_the_sweep_with_the_time_left () =
    use text = new StringWriter()
    let shared = TextWriter.Synchronized text
    let screen = console true shared
    screen.Profile.Out <- Screen shared
    let observer = ConsoleProgress.on (lazy screen) shared
    List.iter observer two

    // The bars are drawn four times a second, by a thread of their own.
    let written () = lock shared text.ToString

    let plain () =
        Regex.Replace(written (), @"\x1b\[[0-9;?]*[A-Za-z]", "")

    let drawn () =
        Regex.IsMatch(plain (), @"60%[^%]+\n.*30%[^%]+\n *sweep[^%]+% 0 of 2 runs")

    Assert.True(SpinWait.SpinUntil(drawn, TimeSpan.FromSeconds 30.0), plain ())
    let bars = plain ()
    observer (ended false cells[1])
    observer Event.Finished
    Assert.Matches(@"\[1/2\] temperature 0\.1 +━+ +60% +epoch +6\.0 +loss 2\.500 +640 images/s +ETA 1:23", bars)
    Assert.Matches(@"\[2/2\] temperature 0\.5 +━+ +30% +epoch +3\.0", bars)
    Assert.Matches(@"sweep +0% +0 of 2 runs +ETA \d+:\d\d", bars)
    Assert.Contains("[2/2] temperature 0.5  linear 50.0 %", plain ())
    let all = written ()
    // The cursor is there again.
    Assert.True(all.LastIndexOf "\x1b[?25h" > all.LastIndexOf "\x1b[?25l")

[<Fact>]
let A_worker_tells_of_what_it_computes_and_not_of_what_is_stored () =
    let heard = Collections.Generic.List<string>()

    let observer =
        Observer.ofNew (function
            | Event.Began(number, _, _) -> heard.Add $"began {number}"
            | Event.Stepped _ -> heard.Add "step"
            | Event.Ended _ -> heard.Add "ended"
            | Event.Planned _ -> heard.Add "planned"
            | _ -> heard.Add "other")

    [
        Event.Planned cells
        Event.Began(1, 2, cells[0])
        ended true cells[0]
        Event.Began(2, 2, cells[1])
        Event.Stepped(cells[1].Run, stage 10L)
        ended false cells[1]
        Event.Finished
    ]
    |> List.iter observer

    Assert.Equal<string list>([ "began 2"; "step"; "ended"; "other" ], List.ofSeq heard)
