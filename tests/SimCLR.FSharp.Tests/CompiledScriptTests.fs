/// Scripts that the launcher compiles: what a user sees is what F# Interactive would show.
module SimCLR.Tests.CompiledScriptTests

open System.IO
open Xunit
open SimCLR.Tests.Launcher

let private binaries =
    Path.Combine(root, "SimCLR.FSharp", "bin", "Release", "net10.0")

let private programs (script: string) =
    Directory.GetFiles(binaries, $"{Path.GetFileNameWithoutExtension script}-????????????????.dll")

let private load = $"#load \"{root}/scripts/load.fsx\"\n"

let private withScript (name: string) (lines: string) test =
    inFolder (fun folder ->
        let path = Path.Combine(folder, name + ".fsx")
        File.WriteAllText(path, load + lines)

        try
            test folder path
        finally
            for left in Directory.GetFiles(binaries, $"{name}-????????????????.*") do
                File.Delete left)

[<Fact>]
let ``A script is compiled once, and again when it or what it loads has changed`` () =
    withScript "once-only" "#load \"part.fsx\"\nprintfn \"%s %A\" Part.word Load.arguments\n" (fun folder path ->
        let part = Path.Combine(folder, "part.fsx")
        File.WriteAllText(part, "module Part\nlet word = \"first\"\n")

        let says (expected: string) =
            let code, output, errors = run folder [ "run"; path; "--a"; "b c" ]
            Assert.True((code = 0), errors)
            Assert.Equal(expected + " [\"--a\"; \"b c\"]", output.Trim())

        says "first"
        let program = Assert.Single(programs path)
        says "first"
        Assert.Equal(program, Assert.Single(programs path))
        File.WriteAllText(part, "module Part\nlet word = \"second\"\n")
        says "second"
        Assert.Equal(2, (programs path).Length)
        File.WriteAllText(part, "module Part\nlet word = \"first\"\n")
        says "first"
        Assert.Equal(2, (programs path).Length))

[<Fact>]
let ``It ends with the code that it says, and in an error with its message`` () =
    withScript "ending" "if Load.arguments = [ \"7\" ] then exit 7\nfailwith \"came to nothing\"\n" (fun folder path ->
        let code, _, _ = run folder [ "run"; path; "7" ]
        Assert.Equal(7, code)
        let code, _, errors = run folder [ "run"; path ]
        Assert.Equal(1, code)
        Assert.Contains("came to nothing", errors)
        Assert.DoesNotContain("Unhandled", errors)
        Assert.Single(programs path) |> ignore)

[<Fact>]
let ``What only F# Interactive can run, it runs`` () =
    withScript
        "interpreted"
        "#I \".\"\nprintfn \"%s\" (System.Environment.GetCommandLineArgs()[0])\n"
        (fun folder path ->
            let code, output, errors = run folder [ "run"; path ]
            Assert.True((code = 0), errors)
            Assert.Contains("fsi", output)
            Assert.Empty(programs path))

[<Fact>]
let ``So it runs what does not compile, and says why, and all scripts where it is asked for`` () =
    withScript "wrong" "let word: string = 1\n" (fun folder path ->
        for _ in 1..2 do
            let code, _, errors = run folder [ "run"; path ]
            Assert.Equal(1, code)
            Assert.Contains("FS0001", errors)
            Assert.Contains("wrong.fsx(2,", errors))

    withScript "asked" "printfn \"%s\" (System.Environment.GetCommandLineArgs()[0])\n" (fun folder path ->
        let code, output, errors =
            startWith [ "SIMCLR_SCRIPTS", "interactive" ] folder [ "run"; path ] |> finish

        Assert.True((code = 0), errors)
        Assert.Contains("fsi", output)
        Assert.Empty(programs path))
