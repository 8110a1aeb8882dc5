module SimCLR.Tests.ImagesTests

open SimCLR
open Xunit

[<Theory>]
[<InlineData("shapes")>]
[<InlineData("cifar10")>]
[<InlineData("CIFAR100")>]
[<InlineData("fashion-mnist")>]
let A_named_data_set_is_read (text: string) =
    let expected =
        match text.ToLowerInvariant() with
        | "shapes" -> Images.shapes
        | "cifar10" -> Images.cifar10
        | "cifar100" -> Images.cifar100
        | _ -> Images.fashionMnist

    Assert.Equal(Ok expected, Images.parse text)

[<Fact>]
let A_folder_keeps_the_letters_of_its_path () =
    Assert.Equal(Ok(Images.folder None "/Data/Birds"), Images.parse "folder:/Data/Birds")

[<Theory>]
[<InlineData("mnist")>]
[<InlineData("folder:")>]
[<InlineData("")>]
let An_unknown_data_set_is_named_with_the_choices (text: string) =
    match Images.parse text with
    | Ok images -> Assert.Fail $"'{text}' gave {images}."
    | Error message ->
        Assert.Contains($"'{text}'", message)

        for choice in [ "shapes"; "cifar10"; "cifar100"; "fashion-mnist"; "folder:PATH" ] do
            Assert.Contains(choice, message)

[<Fact>]
let A_limit_lowers_the_known_count () =
    Assert.Equal(Some 50000, Images.knownCount Images.cifar10)
    Assert.Equal(Some 1000, Images.cifar10 |> Images.limit 1000 |> Images.knownCount)
    Assert.Equal(Some 50000, Images.cifar10 |> Images.limit 99999 |> Images.knownCount)
    Assert.Equal(None, Images.folder None "x" |> Images.knownCount)
