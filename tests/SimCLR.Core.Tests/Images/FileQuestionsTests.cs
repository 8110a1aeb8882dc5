using SimCLR.Core.Images;

namespace SimCLR.Core.Tests.Images;

public class FileQuestionsTests
{
    [Fact]
    public void Answers_come_in_the_order_of_the_questions()
    {
        var asked = Enumerable.Range(0, 10_000).ToList();
        Assert.Equal(asked.Select(i => i * 3L), FileQuestions.Ask(asked, i => i * 3L));
        Assert.Empty(FileQuestions.Ask(new List<int>(), i => i));
    }

    [Fact]
    public void What_a_question_throws_is_thrown_as_it_is()
    {
        var error = Assert.Throws<FileNotFoundException>(() =>
            FileQuestions.Ask([1, 2, 3], i => i == 2 ? throw new FileNotFoundException("gone") : i)
        );
        Assert.Equal("gone", error.Message);
    }

    [Fact]
    public void Asking_ends_when_it_is_cancelled()
    {
        using var source = new CancellationTokenSource();
        var asked = 0;
        int Question(int number)
        {
            source.Cancel();
            Interlocked.Increment(ref asked);
            return number;
        }
        Assert.ThrowsAny<OperationCanceledException>(() =>
            FileQuestions.Ask([.. Enumerable.Range(0, 1_000_000)], Question, source.Token)
        );
        // Each of those who ask has at most the one question that it was asking.
        Assert.InRange(asked, 1, FileQuestions.Askers);
    }
}
