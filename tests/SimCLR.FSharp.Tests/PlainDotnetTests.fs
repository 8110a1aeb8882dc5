/// The project without its launcher: what a clone needs for dotnet build, dotnet test and dotnet fsi.
module SimCLR.Tests.PlainDotnetTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open SimCLR.Tests.Launcher
open Xunit

let private read (names: string list) =
    File.ReadAllText(Path.Combine(root :: names |> Array.ofList))

/// Projects, as the solution spells their paths.
let private projects =
    [ "SimCLR.Core"; "SimCLR.FSharp"; "benchmarks"; "tests" ]
    |> List.collect (fun folder ->
        Directory.GetFiles(Path.Combine(root, folder), "*.?sproj", SearchOption.AllDirectories)
        |> List.ofArray)
    |> List.map (fun path -> Path.GetRelativePath(root, path))

let private launcher = Path.Combine("SimCLR.Launcher", "SimCLR.Launcher.csproj")

/// What the launcher sets.
let private settings =
    [
        "DOTNET_gcConcurrent"
        "DOTNET_GCgen0size"
        "DOTNET_TieredPGO"
        "GOMP_SPINCOUNT"
        "MALLOC_ARENA_MAX"
        "MALLOC_TRIM_THRESHOLD_"
        "MALLOC_MMAP_MAX_"
    ]

/// Runs dotnet without what the launcher sets; exit code, and all that it says.
let private dotnet (folder: string) (arguments: string list) =
    let start =
        ProcessStartInfo(
            "dotnet",
            arguments,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    settings |> List.iter (start.Environment.Remove >> ignore)
    use started = Process.Start start
    let errors = started.StandardError.ReadToEndAsync()
    let output = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    started.ExitCode, output + errors.Result

[<Fact>]
let ``The solution has every project, and each is restored by Paket's targets, which are in the repository`` () =
    let listed =
        [
            for path in Regex.Matches(read [ "SimCLR.Research.sln" ], "\"([^\"]+\\.[cf]sproj)\"") ->
                path.Groups[1].Value.Replace('\\', Path.DirectorySeparatorChar)
        ]

    Assert.Equal<string Set>(set (launcher :: projects), set listed)
    // It restores the packages of the others, and has none.
    Assert.DoesNotContain("Reference Include", read [ launcher ])

    for project in projects do
        let import =
            Regex.Match(read [ project ], "<Import Project=\"([^\"]+Paket\\.Restore\\.targets)\"")

        Assert.True(import.Success, project)
        let path = import.Groups[1].Value.Replace('\\', Path.DirectorySeparatorChar)
        let folder = Path.GetDirectoryName(Path.Combine(root, project)) |> nonNull
        Assert.Equal(Path.Combine(root, ".paket", "Paket.Restore.targets"), Path.GetFullPath(path, folder))

    Assert.DoesNotContain(".paket", read [ ".gitignore" ])
    Assert.Contains("\"paket\"", read [ ".config"; "dotnet-tools.json" ])

[<Fact>]
let ``dotnet test is told to use the testing platform, which both test projects are made for`` () =
    use json = JsonDocument.Parse(read [ "global.json" ])
    let test = json.RootElement.GetProperty "test"
    Assert.Equal("Microsoft.Testing.Platform", test.GetProperty("runner").GetString())
    Assert.StartsWith("10.", json.RootElement.GetProperty("sdk").GetProperty("version").GetString())

    for project in
        projects
        |> List.filter (fun path -> Path.GetFileNameWithoutExtension(path).EndsWith ".Tests") do
        let folder = Path.GetDirectoryName project |> nonNull
        Assert.Contains("xunit.v3", read [ folder; "paket.references" ])
        Assert.Contains("<OutputType>Exe</OutputType>", read [ project ])

[<Theory>]
[<InlineData("SimCLR.Core.Tests", "Blocks_of_any_size_stay_in_the_heap_when_they_are_freed_until_it_is_released")>]
[<InlineData("SimCLR.FSharp.Tests", "The solution has every project")>]
let ``dotnet test lists the tests of a project without running them`` (project: string) (test: string) =
    let configuration = DirectoryInfo(AppContext.BaseDirectory).Parent |> nonNull

    if not (File.Exists(Path.Combine(root, "tests", project, "bin", configuration.Name, "net10.0", project))) then
        Assert.Skip $"{project} is not built as {configuration.Name}"

    let code, said =
        dotnet
            root
            [
                "test"
                "--project"
                $"tests/{project}"
                "-c"
                configuration.Name
                "--no-build"
                "--list-tests"
            ]

    Assert.True((code = 0), said)
    Assert.Contains(test, said)

[<Fact>]
let ``A script in plain dotnet fsi has the launcher's settings of collections, threads and memory`` () =
    inFolder (fun folder ->
        let script = Path.Combine(folder, "settings.fsx")

        File.WriteAllText(
            script,
            $"""#load @"{root}/scripts/load.fsx"
open System.Runtime.InteropServices
module C =
    [<DllImport("libc")>]
    extern nativeint getenv(string name)
printfn "before: %%A" System.Runtime.GCSettings.LatencyMode
printfn "libtorch: %%s" (SimCLR.Core.Runtime.LibTorch.Load().Kind)
printfn "after: %%A" System.Runtime.GCSettings.LatencyMode
printfn "spin: %%s" (Marshal.PtrToStringUTF8(C.getenv "GOMP_SPINCOUNT"))
"""
        )

        let code, said = dotnet folder [ "fsi"; script ]
        Assert.True((code = 0), said)
        Assert.Contains("before: Interactive", said)
        Assert.Contains("after: Batch", said)
        Assert.Contains("spin: 2000", said))

[<Fact>]
let ``A script where nothing is built says what to do, in one error`` () =
    inFolder (fun folder ->
        for file in [ "load.fsx"; "doctor.fsx"; "unbuilt/newest.fsx" ] do
            let copy = FileInfo(Path.Combine(folder, "scripts", file))
            (nonNull copy.Directory).Create()
            File.Copy(Path.Combine(root, "scripts", file), copy.FullName)

        let code, said = dotnet folder [ "fsi"; "scripts/doctor.fsx" ]
        Assert.NotEqual(0, code)

        Assert.Contains(
            "Nothing is built yet: run 'dotnet build SimCLR.Research.sln' or './simclr build' first.",
            said
        )

        Assert.Equal(1, Regex.Count(said, "error FS")))

[<Fact>]
let ``Scripts load the newest build, and the launcher sees to its own`` () =
    let newest = Path.Combine(root, "SimCLR.FSharp", "bin", "newest.fsx")

    if not (File.Exists newest) then
        Assert.Skip "nothing is built here that scripts load"

    let loaded =
        Regex.Match(File.ReadAllText newest, "#load \"(Debug|Release)/net10.0/references.fsx\"")

    Assert.True(loaded.Success, File.ReadAllText newest)

    let built =
        [ "Debug"; "Release" ]
        |> List.map (fun name -> Path.Combine(root, "SimCLR.FSharp", "bin", name, "net10.0", "SimCLR.FSharp.dll"))
        |> List.filter File.Exists

    Assert.Contains(built, fun path -> path.Contains $"/{loaded.Groups[1].Value}/")

    for reference in Regex.Matches(read [ "SimCLR.FSharp"; "references.fsx" ], "#r \"([^\"]+)\"") do
        Assert.True(
            File.Exists(
                Path.Combine(
                    Path.GetDirectoryName newest |> nonNull,
                    loaded.Groups[1].Value,
                    "net10.0",
                    reference.Groups[1].Value
                )
            )
        )
