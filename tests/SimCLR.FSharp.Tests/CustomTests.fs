/// Custom components as values, and the sources that register them.
module SimCLR.Tests.CustomTests

open System
open System.IO
open SimCLR
open SimCLR.Core.Losses
open Xunit

let private define name version =
    Loss.Implement(name, version, [ "weight", 2.0; "temperature", 0.5 ], (fun s -> NtXent(s["temperature"]) :> ILoss))

let private plain = define "custom-value" 1

let private with' loss = Run.shapes |> Run.withLoss loss

[<Fact>]
let ``A custom component is a value: defaults and what differs from them, in JSON, code, hash and diff`` () =
    let run = with' (plain [ "weight", 3.0 ])

    Assert.Equal(
        Loss.Custom
            {
                Name = "custom-value"
                Version = 1
                Settings = Map [ "temperature", 0.5; "weight", 3.0 ]
            },
        run.Loss
    )

    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains("\"Settings\": {", Run.toJson run)
    Assert.Contains("Settings = Map [ \"temperature\", 0.5; \"weight\", 3.0 ]", Run.toCode run)
    Assert.NotEqual<string>(Run.hash run, Run.hash (with' (plain [])))

    Assert.Equal<(string * string * string) list>(
        [ "Loss.Settings.weight", "3.0", "2.0" ],
        Run.diff run (with' (plain []))
    )

    Assert.Empty(Run.problems run)

[<Fact>]
let ``The hash of a custom component is that of name, version and settings`` () =
    // Computed once; the code that is registered is none of its business.
    Assert.Equal("a0efa28b0bfb1467", Run.hash (with' (plain [])))

[<Fact>]
let ``A setting is read and set by its path, as an axis does`` () =
    let run = with' (plain [])
    Assert.Contains(("Loss.Settings.weight", "2"), Run.paths run)
    Assert.Contains(("Loss", "Custom"), Run.paths run)
    Assert.Equal(Ok(with' (plain [ "weight", 7.0 ])), Run.set "Loss.Settings.weight" "7" run)

    match Run.set "Loss.Settings.wieght" "7" run with
    | Error why -> Assert.Contains("weight", why)
    | Ok _ -> Assert.Fail "a setting that is not there was set"

    Assert.Equal(with' (plain [ "temperature", 0.1 ]), run |> Run.withTemperature 0.1)

[<Fact>]
let ``A setting that is not defined is refused where the value is made`` () =
    let error =
        Assert.Throws<WrongValueException>(fun () -> plain [ "wieght", 1.0 ] |> ignore)

    Assert.Contains("has no setting 'wieght'", error.Message)
    Assert.Contains("Did you mean weight?", error.Message)

[<Fact>]
let ``What is not registered is a problem of the run, and can be read and printed`` () =
    let run =
        with' (
            Loss.Custom
                {
                    Name = "nobodys"
                    Version = 3
                    Settings = Map [ "x", 1.0 ]
                }
        )

    Assert.Equal(Ok run, Run.ofJson (Run.toJson run))
    Assert.Contains("nobodys", Run.toCode run)
    let problem = Assert.Single(Run.problems run)
    Assert.StartsWith("Loss is the custom loss 'nobodys', version 3, which is not registered in this process", problem)

[<Fact>]
let ``Settings that are not those of the definition are a problem of the run`` () =
    Assert.Empty(Run.problems (with' (plain [])))

    for settings in
        [
            Map [ "weight", 1.0 ]
            Map [ "weight", 1.0; "temperature", 0.5; "more", 0.0 ]
        ] do
        let run =
            with' (
                Loss.Custom
                    {
                        Name = "custom-value"
                        Version = 1
                        Settings = settings
                    }
            )

        Assert.Contains("give exactly these", Assert.Single(Run.problems run))

    Assert.Contains("Loss.Settings.weight is NaN", Assert.Single(Run.problems (with' (plain [ "weight", nan ]))))

[<Fact>]
let ``What cannot be made of its settings is a problem of the run, with the reason`` () =
    let problem =
        Run.problems (with' (plain [ "temperature", -1.0 ]))
        |> List.find _.Contains("cannot be made")

    Assert.Contains("The temperature is -1", problem)

[<Fact>]
let ``Names, versions and settings are checked where they are defined, and one name has one definition`` () =
    for name, version in [ "two words", 1; "1st", 1; "fine", 0 ] do
        Assert.Throws<WrongValueException>(fun () -> define name version |> ignore)
        |> ignore

    let twice () =
        Loss.Define("custom-twice", 1, [], (fun _ a _ -> a.mean ())) |> ignore

    twice ()
    twice () // The same place again: a session evaluates it anew.

    let error =
        Assert.Throws<WrongValueException>(fun () ->
            Loss.Define("custom-twice", 1, [], (fun _ a _ -> a.sum ())) |> ignore)

    Assert.Contains("is defined twice", error.Message)

[<Fact>]
let ``The source of a component is the file that defines it, and what that loads`` () =
    Samples.withFolder (fun folder ->
        let main, part = Path.Combine(folder, "main.fsx"), Path.Combine(folder, "part.fsx")
        let code = typeof<Run>.Assembly

        let hash (text: string) (loaded: string) =
            File.WriteAllText(main, text)
            File.WriteAllText(part, loaded)
            CustomSource.hash main code

        let text = "#load \"part.fsx\"\nlet x = 1\n"
        let file, first = hash text "let y = 1\n"
        Assert.Equal("main.fsx", file)
        Assert.Equal(64, first.Length)
        Assert.Equal((file, first), hash (text.Replace("\n", "\r\n")) "let y = 1\n")
        Assert.NotEqual((file, first), hash text "let y = 2\n")
        Assert.NotEqual((file, first), hash (text + "// more\n") "let y = 1\n")

        // A file that loads itself, or is not there, ends.
        hash "#load \"main.fsx\"\n#load \"none.fsx\"\n" "" |> ignore
        Assert.Equal("SimCLR.FSharp.dll", fst (CustomSource.hash (Path.Combine(folder, "none.cs")) code)))

[<Fact>]
let ``Custom components are found wherever they stand in a value`` () =
    let run = with' (plain [])
    Assert.Equal<string list>([ "loss" ], [ for kind, _ in Custom.components run -> kind ])
    Assert.Equal("CustomTests.fs", (Assert.Single(Custom.sources (Run.training run))).File)
    Assert.Empty(Custom.components Run.shapes)
