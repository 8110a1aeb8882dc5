/// docs/components.md against the sources, the values and the tests that it names.
module SimCLR.Tests.ComponentsTests

open System
open System.IO
open System.Reflection
open System.Text.RegularExpressions
open SimCLR
open SimCLR.Core.Encoders
open SimCLR.Core.Evaluation
open SimCLR.Core.Images
open SimCLR.Core.Losses
open SimCLR.Core.Methods
open SimCLR.Core.Optimizers
open SimCLR.Core.Views
open Xunit

type private Row =
    {
        Component: string
        Sources: string list
        Values: string list
        Tests: string list
    }

let private root =
    let rec up (folder: DirectoryInfo) =
        if File.Exists(Path.Combine(folder.FullName, "SimCLR.Research.sln")) then
            folder.FullName
        else
            up folder.Parent

    up (DirectoryInfo AppContext.BaseDirectory)

let private named (cell: string) =
    [ for quoted in Regex.Matches(cell, "`([^`]+)`") -> quoted.Groups[1].Value ]

/// The rows of tables with five columns, of which the second names a file.
let private rows =
    [
        for line in File.ReadAllLines(Path.Combine(root, "docs", "components.md")) do
            match line.Split('|') |> Array.map _.Trim() with
            | [| ""; name; source; _; value; tests; "" |] when named source <> [] ->
                {
                    Component = name
                    Sources = named source
                    Values = named value
                    Tests = named tests
                }
            | _ -> ()
    ]

let private sourceOf (source: string) =
    if source.EndsWith ".fs" then
        Path.Combine(root, source)
    else
        Path.Combine(root, "SimCLR.Core", source)

let private everything = BindingFlags.Public ||| BindingFlags.Static

/// A function, value or case of that name, as the compiler calls it.
let private isValue (value: string) =
    match value.Split '.' with
    | [| owner; name |] ->
        [ $"SimCLR.{owner}"; $"SimCLR.{owner}Module" ]
        |> List.choose (fun full -> typeof<Run>.Assembly.GetType full |> Option.ofObj)
        |> List.exists (fun owner ->
            owner.GetMember(name, everything).Length > 0
            || owner.GetMember($"New{name}", everything).Length > 0)
    | _ -> false

/// Classes in C# files and modules in F# files of that name that hold tests.
let private testClasses =
    set
        [
            for file in Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Tests.*s", SearchOption.AllDirectories) do
                let text = File.ReadAllText file

                if text.Contains "[Fact" || text.Contains "[Theory" || text.Contains "[<Fact" then
                    for found in
                        Regex.Matches(
                            text,
                            @"^(?:public (?:sealed )?class |module (?:[\w.]*\.)?)(\w+)\b",
                            RegexOptions.Multiline
                        ) do
                        found.Groups[1].Value
        ]

[<Fact>]
let ``Every source file, value and test class that is named is there`` () =
    Assert.True(rows.Length > 70, $"{rows.Length} rows were read")

    for row in rows do
        for source in row.Sources do
            Assert.True(File.Exists(sourceOf source), $"{row.Component}: there is no {source}")

        for value in row.Values do
            Assert.True(isValue value, $"{row.Component}: there is no {value}")

        Assert.True(row.Tests <> [], $"{row.Component} names no test")

        for test in row.Tests do
            Assert.True(testClasses.Contains test, $"{row.Component}: there is no test class {test}")

[<Fact>]
let ``What is not there is seen`` () =
    Assert.True(isValue "View.crop" && isValue "View.Identity" && isValue "Measurement.Knn")
    Assert.False(isValue "View.cropped" || isValue "Views.crop" || isValue "crop")
    Assert.Contains("NtXentTests", testClasses)
    Assert.Contains("ComponentsTests", testClasses)
    Assert.DoesNotContain("NtXent", testClasses)

[<Fact>]
let ``No view, encoder, loss, method, optimizer, measurement, image source or recipe is missing`` () =
    let kinds =
        [
            typeof<IView>
            typeof<EncoderSpec>
            typeof<ILoss>
            typeof<IMethodSpec>
            typeof<OptimizerSpec>
            typeof<IMeasurement>
            typeof<IImageSource>
        ]

    let sources =
        rows
        |> List.collect _.Sources
        |> List.map (fun source -> File.ReadAllText(sourceOf source))
        |> String.concat "\n"

    let components =
        typeof<IView>.Assembly.GetExportedTypes()
        |> Array.filter (fun one ->
            not one.IsAbstract
            && kinds |> List.exists (fun kind -> kind.IsAssignableFrom one))

    Assert.True(components.Length > 35, $"{components.Length} components were found")

    for one in components do
        Assert.True(Regex.IsMatch(sources, $@"(class|record) {one.Name}\b"), $"{one.Name} is in no row's source file")

    for recipe in Recipe.all do
        Assert.Contains(rows, fun row -> List.contains $"Recipe.{recipe.Name}" row.Values)
